"""A model on this project's data can be measured and judged, by the metrics and gates set here."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from lifecycle import project
from lifecycle.deployment import gate
from lifecycle.development import evaluate
from lifecycle.development.evaluation import latency, scores
from lifecycle.development.evaluation.measure_settings import Measure
from lifecycle.development.model import Model


@pytest.fixture(scope="module")
def found(trained: Model, workspace: Path) -> Iterator[dict[str, Any]]:
    """An evaluation by conf/gates.yaml as it is, but of few resamples and without slices."""
    path = workspace / "conf" / "gates.yaml"
    before = path.read_text(encoding="utf-8")
    settings = yaml.safe_load(before)
    settings["measure"] = (settings.get("measure") or {}) | {"resamples": 20, "slices": []}
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(latency, "CALLS", 20)
        yield evaluate.evaluate(trained.version, project.data_path())
    path.write_text(before, encoding="utf-8")


def test_the_metric_that_decides_has_an_interval(found: dict[str, Any]) -> None:
    if found["data"]["test_rows"] < 50:
        pytest.skip("an interval needs more rows than are held out")
    interval = found["metrics"][found["primary"]]
    assert interval["low"] <= interval["value"] <= interval["high"]
    assert found["baseline"]["difference"][found["primary"]]["low"] is not None


def test_a_metric_that_does_not_vary_has_an_interval_of_no_width(
    trained: Model, rows: pd.DataFrame
) -> None:
    some = rows.head(1).loc[[0] * 30].reset_index(drop=True)
    predictions = {"model": trained.predict(some), "baseline": trained.predict(some)}
    sample = scores.Sample(some[trained.facts["target"]], predictions)
    found = scores.measured(sample, Measure(resamples=20), in_time=True)
    for interval in found["metrics"].values():
        if (value := interval["value"]) is not None:
            assert [interval["low"], interval["high"]] == pytest.approx([value, value])


def test_every_gate_that_is_set_gives_a_verdict(found: dict[str, Any], trained: Model) -> None:
    judged = gate.judge(trained.version)
    names = {one["name"].partition(".")[0] for one in judged["gates"]}
    assert names == {"evaluation", *project.conf("gates")["gates"]}
    assert json.loads(gate.verdict_path().read_text(encoding="utf-8")) == judged
    gate.verdict_path().unlink()
