"""Let a version pass only if its evaluation meets conf/gates.yaml; exit code 1 if it does not.

What cannot be judged does not pass: no evaluation, one of another version or made with other
settings, a figure that is missing or no number. A mistake in conf/gates.yaml ends with code 2.

Examples:
  {name} gate
  {name} gate 20261121-143501-3f2a --json
"""

import difflib
import json
import math
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from .. import project
from ..extensions import extends
from ..maturity import Evidence
from ..pages import write_page
from ..project import Failure

Verdict = dict[str, Any]
Found = dict[str, Any]


def file() -> Path:
    """Where the last verdict is: {version, passed, gates: [{name, passed, reason}]}."""
    return project.root() / "reports" / "gate.json"


def judge(version: str) -> dict[str, Any]:
    """Hold the evaluation of a version against conf/gates.yaml and write reports/gate.json.

    Raises Failure, and leaves no verdict, if the settings make no sense."""
    from ..development import evaluate

    file().unlink(missing_ok=True)
    wanted, how = settings(), evaluate.settings()
    found, doubt = evaluation(version, how)
    verdicts = [verdict("evaluation", doubt, "it is of this version, and complete")]
    if found:
        for name, values in wanted.items():
            try:
                verdicts += GATES[name](found, Options(name, values))
            except (KeyError, TypeError):
                verdicts.append(verdict(name, f"{evaluate.file()} does not tell: evaluate again"))
    passed = all(one["passed"] for one in verdicts)
    result = {"version": version, "passed": passed, "gates": verdicts}
    project.write_atomically(file(), json.dumps(result, indent=2))
    return result


def settings() -> dict[str, dict[str, Any]]:
    """The gates in conf/gates.yaml with their options; raises Failure if one is not known."""
    conf = project.conf("gates")
    known = {"measure", "behaviour", "gates"}
    if unknown := sorted(set(map(str, conf)) - known):
        raise Failure(f"conf/gates.yaml: unknown key {unknown[0]}{meant(unknown[0], known)}")
    wanted = conf.get("gates")
    if not isinstance(wanted, dict) or not wanted:
        raise Failure("conf/gates.yaml: gates names no gate, so nothing would be stopped")
    for name, options in wanted.items():
        if name not in GATES:
            raise Failure(f"conf/gates.yaml: gates: there is no gate {name}{meant(name, GATES)}")
        if not isinstance(options, dict) or not options:
            raise Failure(f"conf/gates.yaml: gates.{name} must hold `option: value` lines")
    return wanted


def meant(name: Any, known: Any) -> str:
    close = difflib.get_close_matches(str(name), list(known), n=1)
    return f": did you mean {close[0]}?" if close else f"; there are {', '.join(sorted(known))}"


def evaluation(version: str, how: dict[str, Any]) -> tuple[Found, str]:
    """The evaluation, and why it does not count; empty if there is none to look at."""
    from ..development import evaluate, fingerprint, model

    again = f"run `{project.name()} evaluate {version}`"
    try:
        found: Found = json.loads(evaluate.file().read_text(encoding="utf-8"))
        made, trained = (
            datetime.fromisoformat(it["created"]) for it in (found, model.facts(version))
        )
        if found["version"] != version:
            return {}, f"it is of {found['version']}: {again}"
        if made < trained or found["model_sha256"] != fingerprint.model_sha256(version):
            return {}, f"the model is newer than its evaluation: {again}"
        if found["settings"] != how:
            return {}, f"conf/gates.yaml says now how to measure otherwise: {again}"
        if not found["same_data"]:
            return found, f"the model learned from another table, maybe from these rows: {again}"
        if found["champion"] is None and evaluate.champion(version):
            return found, f"there is a champion now: {again}"
        if found["champion"] and found["champion"]["version"] != evaluate.champion(version):
            return found, f"there is another champion now: {again}"
        return found, ""
    except FileNotFoundError:
        return {}, f"there is none: {again}"
    except (ValueError, KeyError, TypeError):
        return {}, f"{evaluate.file()} is damaged: {again}"


def verdict(name: str, doubt: str, praise: str = "") -> Verdict:
    """Passed if there is no doubt."""
    return {"name": name, "passed": not doubt, "reason": doubt or praise}


class Options:
    """What conf/gates.yaml says of one gate; raises Failure, naming the key, if it is nonsense."""

    def __init__(self, gate: str, values: dict[str, Any]) -> None:
        self.place, self.values = f"conf/gates.yaml: gates.{gate}", values

    def only(self, *names: str) -> None:
        """Refuse other options; each of these must be there."""
        for name in self.values:
            if name not in names:
                raise Failure(f"{self.place}: unknown option {name}{meant(name, names)}")
        for name in names:
            if name not in self.values:
                raise Failure(f"{self.place}: {name} is missing")

    def number(self, name: str) -> float:
        """An option that is a number of zero or more."""
        return number(self.values[name], f"{self.place}.{name}", least=0)

    def margin(self, name: str, reference: float) -> float:
        """A margin in the metric's unit, or written as 5%: of the reference."""
        value = self.values[name]
        if isinstance(value, str) and value.endswith("%"):
            try:
                share = float(value.removesuffix("%")) / 100
            except ValueError:
                raise Failure(f"{self.place}.{name} is {value!r}: write 0.01 or 5%") from None
            return number(share, f"{self.place}.{name}", least=0) * abs(reference)
        return self.number(name)


def number(value: Any, place: str, least: float = -math.inf) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Failure(f"{place} must be a number, not {value!r}")
    if value < least:
        raise Failure(f"{place} must be {least:g} or more")
    return float(value)


def is_number(*values: Any) -> bool:
    return all(isinstance(v, int | float) and math.isfinite(v) for v in values)


def better(found: Found, interval: dict[str, Any]) -> tuple[float, float] | None:
    """A difference between two values of the deciding metric, turned so that more is better: its
    lower and upper bound; None if they are unknown."""
    low, high = interval["low"], interval["high"]
    if not is_number(low, high):
        return None
    return (low, high) if found["greater_is_better"] else (-high, -low)


def simple_rule(found: Found, options: Options) -> list[Verdict]:
    """Better than the simple rule by more than `margin`, surely: the lower bound counts."""
    options.only("margin")
    rule = found["baseline"]["metrics"][found["primary"]]["value"]
    bounds = better(found, found["baseline"]["difference"][found["primary"]])
    margin = options.margin("margin", rule if is_number(rule) else 0)
    if bounds is None or not is_number(rule):
        return [verdict("simple_rule", "the difference to the simple rule is unknown")]
    text = f"better by at least {bounds[0]:.4g} in {found['primary']}, wanted {margin:.4g}"
    return [verdict("simple_rule", "" if bounds[0] > margin else text, text)]


def metrics(found: Found, options: Options) -> list[Verdict]:
    """Each metric within its `min` and `max`."""
    verdicts = []
    for name, limits in options.values.items():
        place = f"{options.place}.{name}"
        if name not in found["metrics"]:
            raise Failure(f"{place}: there is no such metric{meant(name, found['metrics'])}")
        if not isinstance(limits, dict) or not limits or set(limits) - {"min", "max"}:
            raise Failure(f"{place} must hold min, max or both")
        bounds = {key: number(limit, f"{place}.{key}") for key, limit in limits.items()}
        low, high = bounds.get("min", -math.inf), bounds.get("max", math.inf)
        value = found["metrics"][name]["value"]
        wanted = " and ".join(f"{key} {limit:g}" for key, limit in bounds.items())
        text = (
            f"{name} is {value:.4g}, wanted {wanted}"
            if is_number(value)
            else f"{name} is no number"
        )
        holds = is_number(value) and low <= value <= high
        verdicts.append(verdict(f"metrics.{name}", "" if holds else text, text))
    return verdicts


def champion(found: Found, options: Options) -> list[Verdict]:
    """Not worse than the champion by `margin` or more: the lower bound of the difference counts.

    A test for non-inferiority, as ICH E9 (1998, section 3.3.2) describes it."""
    options.only("margin")
    rival, primary = found["champion"], found["primary"]
    if rival is None:
        options.margin("margin", 1)
        return [verdict("champion", "", "there is no other champion yet")]
    value = rival["metrics"][primary]["value"]
    margin = options.margin("margin", value if is_number(value) else 0)
    bounds = better(found, rival["difference"][primary])
    if bounds is None or not is_number(value):
        return [verdict("champion", f"the difference to {rival['version']} is unknown")]
    text = f"{primary} is worse than that of {rival['version']} by at most {-bounds[0]:.4g}"
    text = f"{text}, allowed is less than {margin:.4g}"
    return [verdict("champion", "" if bounds[0] > -margin else text, text)]


def slices(found: Found, options: Options) -> list[Verdict]:
    """No slice with enough rows surely worse than all rows together by more than `margin`: the
    upper bound of the difference counts, for the worst of many small slices is worse by chance."""
    options.only("margin")
    primary = found["primary"]
    whole = found["metrics"][primary]["value"]
    margin = options.margin("margin", whole if is_number(whole) else 0)
    judged, doubts = [one for one in found["slices"] if one["judged"]], []
    for one in judged:
        bounds, name = better(found, one["difference"]), f"{one['column']} = {one['value']}"
        if bounds is None or not is_number(whole, one["metrics"].get(primary)):
            doubts.append(f"{primary} of {name} cannot be computed")
        elif bounds[1] < -margin:
            text = f"{primary} of {name} is worse by at least {-bounds[1]:.4g}"
            doubts.append(f"{text}, allowed {margin:.4g}")
    least = found["settings"]["slice_rows"]
    return [verdict("slices", "; ".join(doubts), f"{len(judged)} slices of {least} rows or more")]


def behaviour(found: Found, options: Options) -> list[Verdict]:
    """At most so many `failures` among the tests of behaviour."""
    options.only("failures")
    most, tests = options.number("failures"), found["behaviour"]
    broken = [f"{one['name']} ({one['detail']})" for one in tests if one["passed"] is not True]
    doubt = "broken: " + "; ".join(broken) if len(broken) > most or not tests else ""
    return [verdict("behaviour", doubt, f"{len(tests) - len(broken)} of {len(tests)} tests hold")]


def latency(found: Found, options: Options) -> list[Verdict]:
    """The 99th percentile in milliseconds, for `one_row` and for `hundred_rows`."""
    sizes, verdicts = {"one_row": "1", "hundred_rows": "100"}, []
    for name in options.values:
        if name not in sizes:
            raise Failure(f"{options.place}: unknown option {name}{meant(name, sizes)}")
        most, taken = options.number(name), found["latency_ms"][sizes[name]]["p99"]
        if not is_number(taken):
            verdicts.append(verdict(f"latency.{name}", "it is unknown"))
            continue
        text = f"p99 is {taken:.3g} ms, allowed {most:g}"
        verdicts.append(verdict(f"latency.{name}", "" if taken <= most else text, text))
    return verdicts


def size(found: Found, options: Options) -> list[Verdict]:
    """The version's folder in `megabytes`."""
    options.only("megabytes")
    most = options.number("megabytes")
    if not is_number(found["bytes"]):
        return [verdict("size", "it is unknown")]
    text = f"{found['bytes'] / 1e6:.3g} MB, allowed {most:g}"
    return [verdict("size", "" if found["bytes"] <= most * 1e6 else text, text)]


GATES: dict[str, Callable[[Found, Options], list[Verdict]]] = {
    "simple_rule": simple_rule,
    "metrics": metrics,
    "champion": champion,
    "slices": slices,
    "behaviour": behaviour,
    "latency": latency,
    "size": size,
}


def page(result: dict[str, Any]) -> Path:
    """Print the verdicts, and write them to reports/gate.html."""
    from rich.console import Console
    from rich.markup import escape

    console = Console(record=True, highlight=False, width=120)
    rows = [
        {
            "gate": one["name"],
            "": "[green]passed[/]" if one["passed"] else "[red]failed[/]",
            "reason": escape(one["reason"]),
        }
        for one in result["gates"]
    ]
    console.print(project.table(rows))
    passed = "passed" if result["passed"] else "did not pass"
    return write_page("gate", f"{result['version']} {passed}", console, result)


@extends("evidence")
def evidence() -> Iterator[Evidence]:
    """P2a: the newest model passed the gate."""
    from ..development import model

    newest = model.latest() if model.versions() else None
    last = json.loads(file().read_text(encoding="utf-8")) if file().exists() else {}
    step = f"{project.name()} evaluate, then {project.name()} gate"
    if newest is None or last.get("version") != newest:
        yield Evidence("P2a", "missing", "the newest model was not gated", step)
    elif not last["passed"]:
        failed = ", ".join(one["name"] for one in last["gates"] if not one["passed"])
        yield Evidence("P2a", "missing", f"{newest} was stopped by {failed}", "train a better one")
    else:
        yield Evidence("P2a", "proven", f"{newest} passed {len(last['gates'])} gates")


@extends("command")
def command(parser: ArgumentParser) -> Callable[[Namespace], dict[str, Any]]:
    parser.add_argument("version", nargs="?", help="a version; the newest by default")

    def run(arguments: Namespace) -> dict[str, Any]:
        from ..development import model

        version = arguments.version or model.latest()
        if version not in model.versions():
            raise Failure(f"there is no model {version}; there are: {', '.join(model.versions())}")
        result = judge(version)
        print(f"page: {page(result)}")
        print(f"{version} {'passed' if result['passed'] else 'is stopped'}")
        return result | {"exit_code": 0 if result["passed"] else 1}

    return run
