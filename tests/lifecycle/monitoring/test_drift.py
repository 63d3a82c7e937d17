"""Rows like the reference pass, what drifted is named, and what cannot be compared is reported."""

import json
from datetime import UTC, datetime
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import pandas as pd
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from lifecycle import project
from lifecycle.cli import run
from lifecycle.data import table
from lifecycle.deployment.serving.served import Served
from lifecycle.development.model import Model
from lifecycle.monitoring import monitors
from lifecycle.monitoring.drift import drift, reference
from lifecycle.monitoring.drift.comparison import compare
from lifecycle.monitoring.drift.reference_profile import Tally, load
from lifecycle.monitoring.drift.thresholds import threshold
from lifecycle.monitoring.metrics import Metrics
from lifecycle.monitoring.monitor_metrics import MonitorCollector
from lifecycle.monitoring.prediction_log import Answered, PredictionLog
from lifecycle.monitoring.window import make_batch
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
    if len(test) < reference.MIN_ROWS:
        pytest.skip(f"only {len(test)} rows are held out")
    return test.reset_index(drop=True)


def write_table(path: Path, frame: pd.DataFrame) -> Path:
    with table.writer(path) as out:
        out.write(frame)
    return path


def test_rows_like_the_reference_pass(held_out: pd.DataFrame, trained: Model) -> None:
    """Of 40 samples of the reference, each drawn row by row, hardly any is named."""
    profile, chance = reference.profile_of(trained), np.random.default_rng(0)
    rows = reference.compared(make_batch(trained, held_out))
    limit, alarms = threshold(profile, len(rows)), 0
    for _ in range(40):
        tally = Tally(profile)
        tally.add(rows.iloc[chance.integers(0, len(rows), len(rows))], None)
        alarms += any(change.drifted for change in compare(profile, tally, limit))
    assert alarms <= 8  # 2 are expected at most; more than 8 have a chance below 1 in 1,000


def test_what_drifted_is_named(
    held_out: pd.DataFrame, trained: Model, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    calm = drift.drift(write_table(tmp_path / "same.parquet", held_out), 1, None)
    assert calm["drifted"] == [] and calm["exit_code"] == 0
    features = [column["name"] for column in trained.facts["schema"]]
    name = next(column["name"] for column in calm["columns"] if column["name"] in features)
    number = held_out[name].dtype.kind in "iuf"
    deviation = held_out[name].std() if number else 0
    shifted = held_out[name] + 5 * (deviation or 1) if number else None
    other = write_table(tmp_path / "other.parquet", held_out.assign(**{name: shifted}))
    capsys.readouterr()
    assert run("drift", ["--data", str(other), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert name in found["drifted"]
    assert json.loads(monitors.report_path().read_text("utf-8"))["drifted"] == found["drifted"]
    assert f"<h3>{name} drifted" in (project.root() / "reports" / "drift.html").read_text("utf-8")
    assert [item.state for item in drift.evidence()] == ["proven"]


def test_what_cannot_be_compared_is_reported(held_out: pd.DataFrame, trained: Model) -> None:
    name = trained.facts["schema"][0]["name"]
    short = write_table(project.root() / "short.parquet", held_out.drop(columns=name))
    few = write_table(project.root() / "few.parquet", held_out.head(10))
    for path, reason in [
        (short, f"missing from the table: {name}"),
        (few, f"at least {reference.MIN_ROWS} are needed"),
        (None, "has no prediction of the last 7 days"),
    ]:
        with pytest.raises(project.Failure, match=reason):
            drift.drift(path, drift.DAYS, None)
    assert not monitors.report_path().exists()
    assert [item.state for item in drift.evidence()] == ["missing"]


def answered(trained: Model, frame: pd.DataFrame) -> tuple[list[Any], list[Any]]:
    """Rows as the server gets them, and what it answers."""
    served = Served(trained)
    rows = json.loads(trained.prepare(frame).to_json(orient="records", date_format="iso"))
    answer = served.score([rows])[0]
    probabilities = [None] * len(rows) if answer.probabilities is None else answer.probabilities.tolist()
    answers = [
        {
            "request_id": f"r:{i}",
            "prediction": prediction,
            "probabilities": probability and dict(zip(served.labels, probability, strict=True)),
        }
        for i, (prediction, probability) in enumerate(zip(answer.predictions, probabilities, strict=True))
    ]
    return rows, answers


def test_the_prediction_log_is_compared(held_out: pd.DataFrame, trained: Model) -> None:
    rows, answers = answered(trained, held_out)
    log, now = PredictionLog(Metrics()), datetime.now(UTC)
    log.write(Answered(now, trained.version, "latest", rows, answers))
    log.write(Answered(now, "another version", "b", rows[:20], answers[:20]))
    log.close()
    done = drift.drift(None, 1, None)
    assert (done["version"], done["rows"]) == (trained.version, len(held_out))
    assert done["drifted"] == [] and done["exit_code"] == 0


def metrics() -> bytes:
    """The page for Prometheus with the last report."""
    registry = CollectorRegistry()
    registry.register(MonitorCollector())
    return generate_latest(registry)


def test_the_last_report_is_measured(root: Path) -> None:
    assert metrics() == b""
    finding = monitors.Finding(kind="outcomes", text="worse", column="late", numbers={"accuracy": 0.5})
    report = {"time": datetime.now(UTC).isoformat(), "rows": 60, "drifted": ["size", "prediction"]}
    monitors.write_report(report | {"findings": [finding.model_dump()]})
    page = metrics()
    assert b"\nmodel_drifted_features 2.0\n" in page
    assert b"\nmodel_drift_report_timestamp_seconds " in page
    assert b'\nmodel_findings{kind="outcomes",severity="warning"} 1.0\n' in page
    assert b'\nmodel_finding_value{column="late",kind="outcomes",number="accuracy"} 0.5\n' in page


def test_a_report_without_a_format_is_still_read(root: Path) -> None:
    """As version 0.1 of the template wrote it."""
    report = {"time": datetime.now(UTC).isoformat(), "rows": 60, "drifted": ["size"], "columns": []}
    project.write_atomically(monitors.report_path(), json.dumps(report))
    assert b"\nmodel_drifted_features 1.0\n" in metrics()
    assert [item.state for item in drift.evidence()] == ["proven"]


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "",
        "null",
        '{"time": 1',
        '{"time": "2026-01-01T00:00:00", "rows": 1, "drifted": []}',
        '{"time": "2026-01-01T00:00:00Z", "rows": 1, "drifted": 3}',
        '{"format": 2, "time": "2026-01-01T00:00:00Z", "rows": 1, "drifted": []}',
        b"\xff\xfe",
    ],
)
def test_a_report_that_cannot_be_read_breaks_nothing(text: str | bytes, root: Path) -> None:
    """The server's metrics are without it, and the scorecard says what is wrong."""
    project.write_atomically(monitors.report_path(), text)
    assert metrics() == b""
    [found] = drift.evidence()
    assert found.state == "missing" and ("damaged" in found.detail or "newer template" in found.detail)


def test_the_profile_is_kept_and_read_again(held_out: pd.DataFrame, trained: Model) -> None:
    """Byte for byte what it was, without pickle; a damaged one is made again, a newer one refused."""
    made = reference.profile_of(trained)
    [path] = (project.root() / "logs" / "drift").iterdir()
    kept = load(path)
    assert kept.columns == made.columns and kept.rule == made.rule and kept.rows == made.rows
    assert threshold(kept, 500) == threshold(made, 500)
    path.write_bytes(path.read_bytes()[:1000])
    assert threshold(reference.profile_of(trained), 500) == threshold(made, 500)
    with np.load(path, allow_pickle=False) as archive:
        arrays = dict(archive)
    facts = json.loads(str(arrays.pop("facts")))
    assert facts["format"] == 1
    np.savez(path, facts=np.array(json.dumps(facts | {"format": 2})), **arrays)
    with pytest.raises(project.Failure, match="newer template: climb first"):
        reference.profile_of(trained)
