"""Compare champion and challenger on real requests: `design` before the test, `analyse` during it.

conf/experiment.yaml sets what is compared. `design` says how many units that takes and keeps the
design in releases/experiments/. `analyse` joins outcomes (a table with the columns request_id and
outcome) to the prediction log. It gives a verdict only at the looks that were designed, so that
looking often does not find what is not there; before the next one it shows no difference at all.

A unit is what the header X-Assignment-Key names, or a request where callers send none: the rows of
a list count as one, by their mean. Where the requests of one customer come under several keys, give
the outcomes a third column `key` with the customer, and a unit is a key.

Examples:
  {name} ab design
  {name} ab analyse --outcomes outcomes.csv
"""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..extensions import extends
from ..maturity import Evidence
from ..project import Failure, name, root, write_atomically


@extends("evidence")
def evidence() -> Iterator[Evidence]:
    """P2b: an experiment that was looked at, or runs."""
    from .serving import experiment

    paths = sorted((root() / "releases" / "experiments").glob("*.yaml"))
    kept = [experiment.read_design(path) for path in paths]
    looked = [one for one in kept if one["looks"]]
    if looked:
        last = max(looked, key=lambda one: one["looks"][-1]["time"])
        detail = f"{last['name']}, look {len(last['looks'])}: {last['looks'][-1]['decision']}"
        yield Evidence("P2b", "proven", detail)
        return
    setting = experiment.current()
    if setting and setting.running and any(one["name"] == setting.name for one in kept):
        yield Evidence("P2b", "proven", f"{setting.name} runs")
    else:
        step = f"approve a challenger, {name()} ab design, then running: true"
        yield Evidence("P2b", "missing", "no experiment was run yet", step)


@extends("command")
def command(parser: ArgumentParser) -> Callable[[Namespace], dict[str, Any]]:
    parser.add_argument("action", choices=["design", "analyse"])
    parser.add_argument("--outcomes", metavar="FILE", type=Path, help="request_id, outcome[, key]")

    def run(arguments: Namespace) -> dict[str, Any]:
        from . import ab_page
        from .experiments import analysis, design

        if arguments.action == "design":
            found = design.design()
            ab_page.show_design(found)
            return found
        if not arguments.outcomes:
            raise Failure("name the outcomes: `ab analyse --outcomes FILE`")
        found = analysis.analyse(arguments.outcomes)
        write_atomically(root() / "reports" / "ab.json", json.dumps(found, indent=2))
        print(f"page: {ab_page.write(found)}")
        return found | {"exit_code": 1 if found["doubts"] else 0}

    return run
