"""Let a version pass only if its evaluation meets conf/gates.yaml; exit code 1 if it does not.

What cannot be judged does not pass: no evaluation, one of another version or made with other
settings, a figure that is missing or no number. A mistake in conf/gates.yaml ends with code 2.

Examples:
  {name} gate
  {name} gate 20261121-143501-3f2a --json
"""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

from .. import project
from ..configuration import meant, parse
from ..extensions import extends
from ..maturity import Evidence
from ..pages import write_page
from ..project import Failure

if TYPE_CHECKING:
    from ..development.evaluation.measure_settings import Gates
    from .gates.verdicts import Evaluation, Verdict

    Gate = Callable[[Evaluation], Iterator[Verdict]]

FORMAT = 1  # of reports/gate.json


def verdict_path() -> Path:
    """Where the last verdict is: {version, passed, gates: [{name, passed, reason}]}."""
    return project.root() / "reports" / "gate.json"


def judge(version: str) -> dict[str, Any]:
    """Hold the evaluation of a version against conf/gates.yaml and write reports/gate.json.

    Raises Failure, and leaves no verdict, if the settings make no sense."""
    from ..development import evaluate
    from ..development.evaluation import measure_settings
    from .gates.verdicts import verdict

    verdict_path().unlink(missing_ok=True)
    settings = measure_settings.read()
    measure_settings.behaviour_tests(settings)
    gates = chosen_gates(settings)
    found, doubt = evaluation(version, measure_settings.recorded(settings))
    verdicts = [verdict("evaluation", not doubt, doubt or "it is of this version, and complete")]
    for name, gate in gates.items() if found else ():
        try:
            verdicts += gate(found)
        except (KeyError, TypeError):
            reason = f"a figure is missing in {evaluate.evaluation_path()}: evaluate again"
            verdicts.append(verdict(name, False, reason))
    passed = all(one["passed"] for one in verdicts)
    result = {"format": FORMAT, "version": version, "passed": passed, "gates": verdicts}
    project.write_atomically(verdict_path(), json.dumps(result, indent=2))
    return result


def chosen_gates(settings: "Gates") -> "dict[str, Gate]":
    """The gates in conf/gates.yaml with their options; raises Failure if one is unknown, or an
    option makes no sense."""
    from .gates import verdicts

    known = verdicts.gates()
    if not settings.gates:
        raise Failure("conf/gates.yaml: gates names no gate, so nothing would be stopped")
    return {name: with_options(name, options, known) for name, options in settings.gates.items()}


def with_options(name: str, options: Any, known: dict[str, Callable[..., Any]]) -> "Gate":
    """A gate that has its options already."""
    if name not in known:
        raise Failure(f"conf/gates.yaml: gates: there is no gate {name}{meant(name, known)}")
    if not isinstance(options, dict) or not options:
        raise Failure(f"conf/gates.yaml: gates.{name} must hold `option: value` lines")
    function = known[name]
    checked = parse(get_type_hints(function)["options"], options, f"conf/gates.yaml: gates.{name}")
    return lambda found: function(found, checked)


def evaluation(version: str, settings: dict[str, Any]) -> "tuple[Evaluation, str]":
    """The evaluation (empty if there is none to look at), and why it does not count."""
    from ..development import evaluate, model

    again = f"run `{project.name()} evaluate {version}`"
    try:
        found = json.loads(evaluate.evaluation_path().read_text(encoding="utf-8"))
        if found.get("format", 1) > evaluate.FORMAT:
            return {}, f"a newer template made it: climb first, or {again}"
        made, trained = (
            datetime.fromisoformat(it["created"]) for it in (found, model.facts(version))
        )
        doubt = outdated(found, version, settings, made < trained)
        other = found["champion"]["version"] if found["champion"] else None
        wrong_champion = other != evaluate.champion(version)
    except FileNotFoundError:
        return {}, f"there is none: {again}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}, f"{evaluate.evaluation_path()} is damaged: {again}"
    if doubt:
        return {}, f"{doubt}: {again}"
    if not found["same_data"]:
        return found, f"the model learned from another table, maybe from these rows: {again}"
    return found, f"there is another champion now: {again}" if wrong_champion else ""


def outdated(found: "Evaluation", version: str, settings: dict[str, Any], older: bool) -> str:
    """Why an evaluation says nothing about the version as it is; empty if it does."""
    from ..development import fingerprint

    if found["version"] != version:
        return f"it is of {found['version']}"
    if older or found["model_sha256"] != fingerprint.model_sha256(version):
        return "the model is newer than its evaluation"
    return "" if found["settings"] == settings else "it was measured with other settings"


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
    path = verdict_path()
    last = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
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
