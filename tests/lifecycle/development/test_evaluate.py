"""An evaluation says how good, how sure, where, and what the model must not do."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lifecycle import project
from lifecycle.development import evaluate, model
from lifecycle.development.evaluation import behaviour, intervals, latency, measure_settings
from lifecycle.development.model import Model
from lifecycle.problem import part
from lifecycle.project import Failure


@pytest.fixture(scope="module", autouse=True)
def quick(workspace: Path) -> Iterator[Path]:
    """Settings for few rows and few resamples; those of the project come back."""
    path = workspace / "conf" / "gates.yaml"
    before = path.read_text(encoding="utf-8")
    path.write_text("measure: {resamples: 20, slice_min_rows: 50}\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(latency, "CALLS", 20)
        yield path
    path.write_text(before, encoding="utf-8")


@pytest.fixture(scope="module")
def found(trained: Model, quick: Path) -> dict[str, Any]:
    return evaluate.evaluate(trained.version, project.data_path())


def test_metrics_are_those_of_the_training_with_intervals(
    trained: Model, found: dict[str, Any], rows: pd.DataFrame
) -> None:
    assert json.loads(evaluate.evaluation_path().read_text(encoding="utf-8")) == found
    values = {name: interval["value"] for name, interval in found["metrics"].items()}
    assert values == pytest.approx(evaluate.plain(trained.facts["metrics"]))
    rule = {name: it["value"] for name, it in found["baseline"]["metrics"].items()}
    assert rule == pytest.approx(evaluate.plain(trained.facts["baseline"]))
    y_true, y_pred = rows[trained.facts["target"]], trained.predict(rows)
    one, two = (part("metrics").score(y_true[half::2], y_pred[half::2]) for half in (0, 1))
    for name, it in found["metrics"].items():
        if it["low"] is not None:  # few rows may be too few for a metric
            varies = one.get(name) != two.get(name)
            assert it["low"] < it["value"] < it["high"] or (not varies and it["low"] == it["high"])
    assert found["bytes"] > 1000
    assert 0 < found["latency_ms"]["1"]["p50"] <= found["latency_ms"]["1"]["p99"]


def test_a_champion_is_compared_on_the_same_rows(trained: Model, quick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = quick.read_text(encoding="utf-8")
    quick.write_text("measure: {resamples: 20, slices: []}\n", encoding="utf-8")
    twin = model.folder("20000101-000000-twin")
    shutil.copytree(model.folder(trained.version), twin)
    monkeypatch.setattr(evaluate, "champion", lambda version: twin.name)
    try:
        compared = evaluate.evaluate(trained.version, project.data_path())["champion"]
    finally:
        shutil.rmtree(twin)
        quick.write_text(before, encoding="utf-8")
    assert compared["version"] == twin.name
    for interval in compared["difference"].values():  # a paired difference of twins is sure
        assert interval["low"] is None or interval == {"value": 0, "low": 0, "high": 0}


def test_slices_add_up(found: dict[str, Any]) -> None:
    columns = {one["column"] for one in found["slices"]}
    for column in columns:
        some = [one for one in found["slices"] if one["column"] == column]
        assert sum(one["rows"] for one in some) == found["data"]["test_rows"]
        assert all((one["difference"] is not None) == (one["rows"] >= 50) for one in some)


def test_rows_that_resemble_their_neighbours_count_less() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(size=2000)
    series = noise.copy()
    for row in range(1, len(series)):
        series[row] += 0.8 * series[row - 1]
    assert intervals.block_length(noise) <= 3
    block = intervals.block_length(series)
    assert 10 < block < 100

    def width(block: int) -> float:
        means = [series[places].mean() for places in intervals.resampled(len(series), 200, block)]
        bounds = intervals.interval(series.mean(), means, 0.95)
        assert bounds["low"] is not None and bounds["high"] is not None
        return bounds["high"] - bounds["low"]

    theory = 2 * 1.96 / 0.2 / np.sqrt(len(series))  # of an autoregression with this coefficient
    assert width(block) == pytest.approx(theory, rel=0.3)
    assert width(1) < 0.6 * theory


def test_a_metric_that_most_resamples_lack_has_no_interval() -> None:
    assert intervals.interval(0.7, [0.7, float("nan")] * 10, 0.95)["low"] is None
    assert intervals.interval(float("nan"), [0.7] * 10, 0.95)["value"] is None


class Rule:
    """An estimator that predicts by a given rule."""

    def __init__(self, rule: Any) -> None:
        self.rule = rule

    def transform(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        return np.asarray(self.rule(frame), dtype=float)


def broken(rule: Any, tests: Any = ()) -> list[str]:
    """The tests of behaviour that a rule of x and y fails."""
    parsed = measure_settings.behaviour_tests(measure_settings.Gates(behaviour=list(tests)))
    kinds = [("x", False), ("y", True)]
    schema = [{"name": name, "type": "number", "nullable": gaps} for name, gaps in kinds]
    scorer = Model(Rule(rule), Rule(rule), None, {"schema": schema})
    values = np.random.default_rng(0).normal(size=(200, 2))
    rows = pd.DataFrame(values, columns=["x", "y"])
    return [one["name"] for one in behaviour.check(scorer, rows, parsed) if not one["passed"]]


def test_what_no_model_may_do_is_found() -> None:
    assert broken(lambda rows: rows["x"] + rows["y"].fillna(0)) == []
    assert "a missing y gets a prediction" in broken(lambda rows: rows["x"] + rows["y"])
    neighbours = broken(lambda rows: rows["x"] - rows["x"].mean())
    assert neighbours == ["a row alone gets the same prediction as among others"]
    order = broken(lambda rows: np.arange(len(rows)))
    assert "the order of the rows changes nothing" in order


@pytest.mark.parametrize(
    ("test", "right", "wrong"),
    [
        ({"unchanged_by": "y"}, lambda rows: rows["x"], lambda rows: rows["x"] + 0.01 * rows["y"]),
        (
            {"column": "x", "add": 1, "prediction": "rises"},
            lambda rows: rows["x"],
            lambda rows: -rows["x"],
        ),
        (
            {"column": "x", "multiply": 2, "prediction": "falls", "share_of_rows": 1},
            lambda rows: -rows["x"].abs(),
            lambda rows: 0 * rows["x"],
        ),
    ],
)
def test_what_the_settings_forbid_is_found(test: dict[str, Any], right: Any, wrong: Any) -> None:
    named = {"name": "mine", **test}
    assert "mine" not in broken(lambda rows: right(rows.fillna(0)), [named])
    assert "mine" in broken(lambda rows: wrong(rows.fillna(0)), [named])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("measure: {resample: 20}", "unknown key measure.resample: did you mean resamples"),
        ("measure: {confidence: 95}", "measure.confidence"),
        ("measure: {slices: [nowhere]}", "nowhere"),
        ("behaviour: [{unchanged_by: nowhere}]", "nowhere"),
        ("behaviour: [{unchanged: nowhere}]", "unknown key unchanged: did you mean unchanged_by"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: str, message: str, trained: Model, quick: Path) -> None:
    before = quick.read_text(encoding="utf-8")
    quick.write_text(settings, encoding="utf-8")
    try:
        with pytest.raises(Failure, match=message):
            evaluate.evaluate(trained.version, project.data_path())
    finally:
        quick.write_text(before, encoding="utf-8")
