"""Search for better settings of the model, and write them to conf/tuned.yaml for `train`.

conf/tune.yaml says what is searched. The first trial takes params.yaml as it is, so the best is
never worse on the rows it is scored on, which are not the held-out ones. A search that was stopped
goes on where it was: finished trials count. The page reports/tuning.html shows all of them.

Examples:
  {name} tune
  {name} tune --trials 100 --workers 4
  {name} tune --data ../tables/last_year.csv
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import project
from ..extensions import extends
from ..problem import part
from . import tuned

if TYPE_CHECKING:
    from .tuning.search import Search


def tune(path: Path, trials: int | None = None, workers: int | None = None) -> "Search":
    """Do the missing trials, and write what was found; returns all of it."""
    from .compute import compute
    from .tracking import tracker
    from .tuning import folds, page, search, settings, study
    from .tuning.trials import recorder

    compute().prepare(needed())
    asked, params, md5 = settings.read(trials, workers), project.params(), project.md5(path)
    print(f"reading {path}")
    table = folds.read(path, asked.folds, params["seed"])
    with study.usable():
        kept = study.study(study.study_name(md5, asked, params))
        found = search.Search(kept, asked, params, len(table.positions))
        done, check = len(found.finished()), cache(tracker().check)
        print(f"{len(table.rows)} rows, {found.folds} folds, {asked.trials} trials, {done} done")
        if done < asked.trials:
            with compute().executor(table, asked.workers) as executor:
                found.run(executor, meanwhile=check)
        check()
        found.check()
    facts = summary(found, md5)
    tuned.write(facts)
    page.write(found, facts)
    recorder().record(list(found.finished().values()), facts)
    return found


def needed() -> list[str]:
    """What a worker imports, which takes seconds."""
    yours = (f"{project.settings()['package']}.{name}" for name in ("features", "model", "metrics"))
    return [f"{__package__}.tuning.folds", *yours]


def summary(found: "Search", md5: str) -> dict[str, Any]:
    """What conf/tuned.yaml holds; the same search always gives the same text."""
    best, default = found.best(), found.finished()[0]
    return {
        "format": tuned.FORMAT,
        "params": {"model": best.user_attrs["values"]},
        "base": {"model": found.base},
        "metric": part("metrics").PRIMARY,
        "best": best.value,
        "default": default.value,
        "trials": found.settings.trials,
        "study": found.study.study_name,
        "data_md5": md5,
    }


@extends("command")
def command(parser: ArgumentParser) -> Callable[[Namespace], dict[str, Any]]:
    parser.add_argument("--data", type=Path, help="another table than the one in conf/data.yaml")
    parser.add_argument("--trials", type=int, help="how many, instead of conf/tune.yaml's number")
    parser.add_argument("--workers", type=int, help="how many at once (default: all processors)")

    def run(arguments: Namespace) -> dict[str, Any]:
        from rich import print as show

        path = arguments.data or project.data_path()
        try:
            tune(path, arguments.trials, arguments.workers)
        except KeyboardInterrupt:
            print(
                f"\nstopped: finished trials are kept; `{project.name()} tune` goes on, and with "
                "--trials N it settles for the best of the first N"
            )
            return {"exit_code": 130}
        facts = tuned.read() or {}
        before, now = facts["base"]["model"], facts["params"]["model"]
        rows = [
            {"model": key, "params.yaml": before.get(key, ""), "tuned": now[key]} for key in now
        ]
        show(project.table(rows))
        print(
            f"{facts['metric']} {facts['best']:.5g}, before {facts['default']:.5g}: {tuned.FILE}\n"
            "reports/tuning.html shows the search; commit the settings to keep them"
        )
        return facts

    return run
