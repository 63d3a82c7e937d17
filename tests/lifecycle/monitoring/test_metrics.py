"""What is measured is what was answered, and nothing that fails here fails a request."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from lifecycle.monitoring import metrics, prediction_log
from lifecycle.monitoring.events import Answered
from lifecycle.monitoring.metrics import Metrics
from lifecycle.monitoring.prediction_log import PredictionLog
from lifecycle.project import Failure

CLASSES = [
    {"request_id": str(i), "prediction": predicted, "probabilities": {"no": 1 - yes, "yes": yes}}
    for i, (predicted, yes) in enumerate([("no", 0.05), ("no", 0.31), ("yes", 0.95)])
]
ANSWERED = Answered(datetime.now(UTC), "v1", "latest", [{"size": 1}] * 3, CLASSES)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root of its own: what other tests logged must not count."""
    monkeypatch.setenv("PROJECT_ROOT", str(tmp_path))
    return tmp_path


def samples(measured: Metrics) -> dict[tuple[str, ...], float]:
    """What Prometheus reads: (name, values of the labels in their names' order) -> value."""
    families = text_string_to_metric_families(measured.page().decode())
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_predictions_are_counted_by_class_and_probability(folder: Path) -> None:
    measured = Metrics()
    measured.predicted("v1", "latest", CLASSES)
    page = samples(measured)
    assert page["model_predictions_total", "no", "latest", "v1"] == 2
    assert page["model_probability_bucket", "yes", "0.3", "latest", "v1"] == 1
    assert page["model_probability_bucket", "yes", "0.4", "latest", "v1"] == 2
    assert page["model_probability_bucket", "yes", "+Inf", "latest", "v1"] == 3
    assert page["model_probability_sum", "yes", "latest", "v1"] == pytest.approx(1.31)


def test_predicted_numbers_are_a_histogram(folder: Path) -> None:
    measured = Metrics()
    measured.edges["v1"] = [10.0, 20.0]
    predicted = [{"prediction": value, "probabilities": None} for value in (5.0, 10.0, 25.0)]
    measured.predicted("v1", "latest", predicted)
    page = samples(measured)
    assert page["model_predictions_total", "number", "latest", "v1"] == 3
    assert page["model_prediction_bucket", "10.0", "latest", "v1"] == 2
    assert page["model_prediction_sum", "latest", "v1"] == 40


def test_the_log_is_whole_when_it_is_closed(folder: Path) -> None:
    log = PredictionLog(Metrics())
    for _ in range(100):
        log.write(ANSWERED)
    log.close()
    (day,) = prediction_log.folder_path().glob("*.jsonl")
    lines = [json.loads(line) for line in day.read_text("utf-8").splitlines()]
    assert len(lines) == 300
    assert tuple(lines[0]) == prediction_log.COLUMNS
    assert [item.state for item in prediction_log.evidence()] == ["proven"]
    day.unlink()
    assert [item.state for item in prediction_log.evidence()] == ["missing"]


def test_a_log_that_cannot_be_written_is_counted_and_hurts_nobody(folder: Path) -> None:
    (folder / "logs").write_text("a file where the folder should be", "utf-8")
    measured = Metrics()
    log = PredictionLog(measured)
    log.write(ANSWERED)
    log.close()
    assert samples(measured)["prediction_log_lost_rows_total",] == 3


def test_a_row_is_a_line_whatever_it_holds(folder: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"text": '"},{"request_id":\n'},
        {"request_id": 1},
        {"size": None},
    ]
    event = Answered(datetime.now(UTC), "v1", "latest", rows, CLASSES)
    lines = prediction_log.lines(event).splitlines()
    assert [json.loads(line)["features"] for line in lines] == rows
    assert [json.loads(line)["request_id"] for line in lines] == ["0", "1", "2"]


def test_lines_of_every_age_are_read_in_their_period(folder: Path) -> None:
    """The first lines had neither a format nor who called; a crash cut one off; one request failed."""
    old: dict[str, Any] = {
        "request_id": "old",
        "time": "2026-01-01T12:00:00.000+00:00",
        "model_version": "v0",
        "variant": "latest",
    }
    old |= {"features": {"size": 1}, "prediction": {"prediction": "no", "probabilities": None}}
    prediction_log.folder_path().mkdir(parents=True)
    first = prediction_log.folder_path() / "2026-01-01.jsonl"
    first.write_text(json.dumps(old) + '\n{"request_id": "cut o\n[]\n7\n', "utf-8")
    noon = datetime(2026, 1, 2, 12, tzinfo=UTC)
    new = replace(ANSWERED, time=noon, caller="website", assignment_key="a customer", ids=[7, "eight", None])
    failed = replace(new, predictions=(), status=500, request_id="failed")
    second = prediction_log.folder_path() / "2026-01-02.jsonl"
    second.write_bytes(prediction_log.lines(new) + prediction_log.lines(failed))
    read = list(prediction_log.read())
    assert [row["request_id"] for row in read] == ["old", "0", "1", "2"]
    assert all(set(row) == set(prediction_log.COLUMNS) for row in read)
    assert [(row["format"], row["caller"], row["id"]) for row in read[:2]] == [(0, None, None), (1, "website", 7)]
    assert [row["id"] for row in prediction_log.read(since=noon)] == [7, "eight", None]
    assert [row["request_id"] for row in prediction_log.read(until=noon)] == ["old"]
    rows = list(prediction_log.read(since=noon, failed=True))
    assert [(row["status"], row["prediction"]) for row in rows[3:]] == [(500, None)] * 3
    second.write_text('{"format": 2, "time": "2026-01-02T00:00:00.000+00:00"}\n', "utf-8")
    with pytest.raises(Failure, match="newer release"):
        list(prediction_log.read())


def test_whole_numbers_of_a_regression_are_no_classes(folder: Path) -> None:
    measured = Metrics()
    measured.edges["v1"] = [10.0, 20.0]
    measured.predicted("v1", "latest", [{"prediction": value, "probabilities": None} for value in (5, 25)])
    assert samples(measured)["model_predictions_total", "number", "latest", "v1"] == 2


def test_metrics_are_proven_by_their_reader(folder: Path) -> None:
    assert [item.state for item in metrics.evidence()] == ["missing"]
    Metrics().page()
    assert [item.state for item in metrics.evidence()] == ["proven"]
