"""Rows like the reference pass, what moved is named, and what cannot be compared is told."""

import json
from datetime import UTC, datetime
from pathlib import Path
from shutil import copytree

import numpy as np
import pandas as pd
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from lifecycle import project
from lifecycle.cli import run
from lifecycle.data import table
from lifecycle.deployment.serving.served import Served
from lifecycle.development.model import Model
from lifecycle.monitoring import drift, drift_metrics
from lifecycle.monitoring.metrics import Metrics
from lifecycle.monitoring.prediction_log import Answered, PredictionLog
from lifecycle.problem import part


@pytest.fixture
def root(workspace: Path, trained: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root of its own with the model: what other tests logged must not count."""
    for name in ("conf", "models"):
        copytree(workspace / name, tmp_path / name)
    monkeypatch.setenv("PROJECT_ROOT", str(tmp_path))
    monkeypatch.delenv("DRIFT_DATA", raising=False)
    return tmp_path


@pytest.fixture
def held_out(root: Path) -> pd.DataFrame:
    """The rows that the model was tested on."""
    _, test, *_ = part("data").split(part("data").load(project.data_path()))
    if len(test) < drift.FEWEST:
        pytest.skip(f"only {len(test)} rows are held out")
    return test.reset_index(drop=True)


def write(path: Path, frame: pd.DataFrame) -> Path:
    with table.writer(path) as out:
        out.write(frame)
    return path


def test_rows_like_the_reference_pass(held_out: pd.DataFrame, trained: Model) -> None:
    """Of 40 samples of the reference, each drawn row by row, hardly any is named."""
    profile, chance = drift.reference(trained), np.random.default_rng(0)
    rows, _ = drift.compared(trained, held_out)
    limit, alarms = profile.threshold(len(rows)), 0
    for _ in range(40):
        tally = profile.tally()
        tally.add(rows.iloc[chance.integers(0, len(rows), len(rows))], None)
        alarms += any(change.drifted for change in profile.compare(tally, limit))
    assert alarms <= 8  # 2 are expected at most; more than 8 have a chance below 1 in 1,000


def test_what_moved_is_named(
    held_out: pd.DataFrame, trained: Model, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    calm = drift.drift(write(tmp_path / "same.parquet", held_out), 1, None)
    assert calm["drifted"] == [] and calm["exit_code"] == 0
    features = [column["name"] for column in trained.facts["schema"]]
    name = next(column["name"] for column in calm["columns"] if column["name"] in features)
    number = held_out[name].dtype.kind in "iuf"
    deviation = held_out[name].std() if number else 0
    moved = held_out[name] + 5 * (deviation or 1) if number else None
    other = write(tmp_path / "other.parquet", held_out.assign(**{name: moved}))
    capsys.readouterr()
    assert run("drift", ["--data", str(other), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert name in found["drifted"]
    assert json.loads(drift.last().read_text("utf-8"))["drifted"] == found["drifted"]
    assert f"<h3>{name} moved" in (project.root() / "reports" / "drift.html").read_text("utf-8")
    assert [item.state for item in drift.evidence()] == ["proven"]


def test_what_cannot_be_compared_is_told(held_out: pd.DataFrame, trained: Model) -> None:
    name = trained.facts["schema"][0]["name"]
    short = write(project.root() / "short.parquet", held_out.drop(columns=name))
    few = write(project.root() / "few.parquet", held_out.head(10))
    for path, reason in [
        (short, f"missing from the table: {name}"),
        (few, f"at least {drift.FEWEST} are needed"),
        (None, "has no prediction of the last 7 days"),
    ]:
        with pytest.raises(project.Failure, match=reason):
            drift.drift(path, drift.DAYS, None)
    assert not drift.last().exists()
    assert [item.state for item in drift.evidence()] == ["missing"]


def test_the_prediction_log_is_compared(held_out: pd.DataFrame, trained: Model) -> None:
    served = Served(trained)
    typed = trained.prepare(held_out)
    text = typed.to_json(orient="records", date_format="iso")
    rows = json.loads(text)
    answer = served.score([rows])[0]
    chances = [None] * len(rows) if answer.probabilities is None else answer.probabilities.tolist()
    said = [
        {
            "request_id": str(i),
            "prediction": prediction,
            "probabilities": chance and dict(zip(served.labels, chance, strict=True)),
        }
        for i, (prediction, chance) in enumerate(zip(answer.predictions, chances, strict=True))
    ]
    log, now = PredictionLog(Metrics()), datetime.now(UTC)
    log.write(Answered(now, trained.version, "latest", rows, said))
    log.write(Answered(now, "another version", "b", rows[:20], said[:20]))
    log.close()
    done = drift.drift(None, 1, None)
    assert (done["version"], done["rows"]) == (trained.version, len(held_out))
    assert done["drifted"] == [] and done["exit_code"] == 0


def test_the_last_report_is_measured(root: Path) -> None:
    registry = CollectorRegistry()
    registry.register(drift_metrics.DriftCollector())
    assert generate_latest(registry) == b""
    report = {"time": datetime.now(UTC).isoformat(), "drifted": ["size", "prediction"]}
    project.write_atomically(drift.last(), json.dumps(report))
    assert b"\nmodel_drifted_features 2.0\n" in generate_latest(registry)
    assert b"\nmodel_drift_report_timestamp_seconds " in generate_latest(registry)
