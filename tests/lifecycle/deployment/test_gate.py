"""Each gate stops a model once, and what cannot be judged does not pass."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from lifecycle import project
from lifecycle.cli import run
from lifecycle.deployment import gate
from lifecycle.development import evaluate
from lifecycle.development.evaluation import latency
from lifecycle.development.model import Model
from lifecycle.problem import part
from lifecycle.project import Failure

Found = dict[str, Any]
BETTER = 1 if part("metrics").GREATER_IS_BETTER else -1
GATES = {
    "baseline": {"margin": 0.1},
    "metrics": {part("metrics").PRIMARY: {"min": 0, "max": 1000}},
    "champion": {"margin": 0.1},
    "slices": {"margin": 0.1},
    "behaviour": {"max_failures": 0},
    "latency": {"one_row_ms": 1000, "hundred_rows_ms": 1000},
    "size": {"megabytes": 1000},
}


def difference(value: float) -> dict[str, float]:
    """An interval of a difference: so much better, give or take 0.05."""
    return {"value": BETTER * value, "low": BETTER * value - 0.05, "high": BETTER * value + 0.05}


@pytest.fixture(scope="module")
def settings(workspace: Path) -> Iterator[Path]:
    path = workspace / "conf" / "gates.yaml"
    before = path.read_text(encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(latency, "CALLS", 20)
        yield path
    path.write_text(before, encoding="utf-8")


@pytest.fixture(scope="module")
def measured(trained: Model, settings: Path) -> Found:
    """An evaluation whose figures are near the limits, on the right side."""
    write(settings, GATES)
    found = evaluate.evaluate(trained.version, project.data_path())
    found["metrics"][part("metrics").PRIMARY] = {"value": 0.7, "low": 0.6, "high": 0.8}
    found["baseline"]["difference"][part("metrics").PRIMARY] = difference(0.2)
    figures = {"metrics": {part("metrics").PRIMARY: 0.5}, "rows": 300, "judged": True}
    slice_ = {"column": "kind", "value": "a", **figures, "difference": difference(-0.12)}
    return found | {"slices": [slice_]}


def write(path: Path, gates: Any) -> None:
    measure = {"resamples": 20, "slices": []}
    path.write_text(yaml.safe_dump({"measure": measure, "gates": gates}), encoding="utf-8")


@pytest.fixture
def found(measured: Found, settings: Path) -> Iterator[Found]:
    """The evaluation, to be changed and kept; the settings are the usual ones before."""
    write(settings, GATES)
    yield copy.deepcopy(measured)
    gate.verdict_path().unlink(missing_ok=True)


def failed(found: Found) -> list[str]:
    """The gates that stop a version with this evaluation."""
    evaluate.evaluation_path().write_text(json.dumps(found), encoding="utf-8")
    code = run("gate", [])
    result = json.loads(gate.verdict_path().read_text(encoding="utf-8"))
    assert result["passed"] is (code == 0)
    assert all(one["reason"] for one in result["gates"])
    return [one["name"] for one in result["gates"] if not one["passed"]]


def test_a_good_model_passes_every_gate(found: Found, trained: Model, capsys: pytest.CaptureFixture[str]) -> None:
    assert failed(found) == []
    assert f"{trained.version} passed" in capsys.readouterr().out
    assert [item.state for item in gate.evidence()] == ["proven"]
    assert gate.verdict_path().with_suffix(".html").is_file()


def worse_than_rule(found: Found) -> None:
    found["baseline"]["difference"][part("metrics").PRIMARY] = difference(0.14)


def beyond_limit(found: Found) -> None:
    found["metrics"][part("metrics").PRIMARY]["value"] = 1001.0


def worse_slice(found: Found) -> None:
    found["slices"][0]["difference"] = difference(-0.16)


def unreasonable(found: Found) -> None:
    found["behaviour"][0]["passed"] = False


def slow(found: Found) -> None:
    found["latency_ms"]["100"]["p99"] = 1001.0


def large(found: Found) -> None:
    found["bytes"] = 1_000_000_001


def no_interval(found: Found) -> None:
    found["baseline"]["difference"][part("metrics").PRIMARY]["low"] = None


def no_number(found: Found) -> None:
    found["metrics"][part("metrics").PRIMARY]["value"] = float("nan")


def slice_unknown(found: Found) -> None:
    found["slices"][0]["metrics"] = {}


def latency_unknown(found: Found) -> None:
    found["latency_ms"]["1"]["p99"] = None


def part_lost(found: Found) -> None:
    del found["bytes"]


def other_version(found: Found) -> None:
    found["version"] = "20000101-000000-0000"


def older(found: Found) -> None:
    found["created"] = "2000-01-01T00:00:00+00:00"


def other_model(found: Found) -> None:
    found["model_sha256"] = "0" * 64


def other_settings(found: Found) -> None:
    found["settings"]["resamples"] = 21


def newer_template(found: Found) -> None:
    found["format"] = 2


def other_table(found: Found) -> None:
    found["same_data"] = False


@pytest.mark.parametrize(
    ("spoil", "stopped_by"),
    [
        (worse_than_rule, "baseline"),
        (beyond_limit, f"metrics.{part('metrics').PRIMARY}"),
        (worse_slice, "slices"),
        (unreasonable, "behaviour"),
        (slow, "latency.hundred_rows_ms"),
        (large, "size"),
        (no_interval, "baseline"),
        (no_number, f"metrics.{part('metrics').PRIMARY}"),
        (slice_unknown, "slices"),
        (latency_unknown, "latency.one_row_ms"),
        (part_lost, "size"),
        (other_version, "evaluation"),
        (older, "evaluation"),
        (other_model, "evaluation"),
        (other_settings, "evaluation"),
        (other_table, "evaluation"),
        (newer_template, "evaluation"),
    ],
)
def test_a_gate_stops_a_model(spoil: Callable[[Found], None], stopped_by: str, found: Found) -> None:
    spoil(found)
    assert stopped_by in failed(found)
    (item,) = gate.evidence()
    assert item.state == "missing" and stopped_by in item.detail


@pytest.mark.parametrize(("value", "passes"), [(0.0, True), (-0.04, True), (-0.06, False)])
def test_a_model_must_not_be_surely_or_maybe_worse_than_the_champion(
    value: float, passes: bool, found: Found, trained: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = {"version": "champion", "metrics": {part("metrics").PRIMARY: {"value": 0.7}}}
    other["difference"] = {part("metrics").PRIMARY: difference(value)}
    monkeypatch.setattr(evaluate, "champion", lambda version: "champion")
    assert failed(found | {"champion": other}) == ([] if passes else ["champion"])
    assert "evaluation" in failed(found)  # it was made before there was a champion


def test_no_evaluation_means_no_pass(found: Found) -> None:
    evaluate.evaluation_path().unlink(missing_ok=True)
    assert run("gate", []) == 1
    evaluate.evaluation_path().write_text("{", encoding="utf-8")
    assert run("gate", []) == 1
    assert json.loads(gate.verdict_path().read_text(encoding="utf-8"))["passed"] is False


@pytest.mark.parametrize(
    ("gates", "message"),
    [
        ({"baselin": {"margin": 1}}, "did you mean baseline"),
        ({"metrics": {"nowhere": {"min": 1}}}, "nowhere"),
        ({"metrics": {part("metrics").PRIMARY: {"least": 1}}}, part("metrics").PRIMARY),
        ({"metrics": {part("metrics").PRIMARY: {"min": float("nan")}}}, "min: it should be a finite number"),
        ({"baseline": {"margin": "a lot"}}, "baseline: margin: write 0.01 or 5%"),
        ({"slices": {"margin": -1}}, "slices: margin: write 0.01 or 5%, not -1"),
        ({"size": {}}, "size"),
        ({"size": {"megabyte": 1}}, "did you mean megabytes"),
        ({"latency": {"p99": 1}}, "p99"),
        ({}, "no gate"),
        (None, "no gate"),
    ],
)
def test_a_mistake_in_the_settings_leaves_no_verdict(gates: Any, message: str, found: Found, settings: Path) -> None:
    assert failed(found) == []
    write(settings, gates)
    with pytest.raises(Failure, match=message):
        run("gate", [])
    assert not gate.verdict_path().exists()


def test_a_new_evaluation_voids_the_verdict(found: Found, trained: Model) -> None:
    assert failed(found) == []
    evaluate.evaluate(trained.version, project.data_path())
    assert not gate.verdict_path().exists()


def test_a_margin_may_be_a_share_of_the_other_value(found: Found, settings: Path) -> None:
    found["baseline"]["metrics"][part("metrics").PRIMARY]["value"] = 2.0
    for margin, stopped in (("7%", []), ("8%", ["baseline"])):  # of 2; the lower bound is 0.15
        write(settings, {"baseline": {"margin": margin}})
        assert failed(found) == stopped
