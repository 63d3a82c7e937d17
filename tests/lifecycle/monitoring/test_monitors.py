"""The extension point `monitor`: monitors that a test drops into the user's package are called, shown and measured."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from lifecycle import project
from lifecycle.development.model import Model
from lifecycle.monitoring import monitors
from lifecycle.monitoring.drift import drift
from lifecycle.monitoring.metrics import Metrics
from lifecycle.monitoring.prediction_log import Answered, PredictionLog
from tests.lifecycle.conftest import Write
from tests.lifecycle.monitoring.test_drift import answered, held_out, metrics, root, write_table  # noqa: F401

RISING_NULLS = '''
from lifecycle.extensions import extends
from lifecycle.monitoring.monitors import Finding


@extends("monitor")
def missing(window):
    """The share of missing values rose from one batch to the next."""
    now = sum(batch.features.isna().sum() for batch in window.batches())
    rows = sum(len(batch.features) for batch in window.batches())
    for column, before in zip(window.reference.columns, window.reference.shares):
        if column.name in now and now[column.name] / rows > before[-1] + 0.5:
            numbers = {"before": before[-1], "now": now[column.name] / rows}
            text = f"{column.name} is missing more often"
            yield Finding(kind="missing", text=text, column=column.name, severity="critical", numbers=numbers)
'''
LATE_LABELS = '''
import pandas as pd

from lifecycle.extensions import extends
from lifecycle.monitoring.monitors import Finding
from lifecycle.project import conf, root


@extends("monitor", precedence=-1)
def outcomes(window):
    """How often the answers of the window were right, beside the rows held out in training."""
    known = pd.read_csv(root() / "outcomes.csv", dtype={"request_id": str}).set_index("request_id")["outcome"]
    right = rows = 0
    for batch in window.batches():
        joined = batch.request_ids.map(known)
        matched = joined.notna().to_numpy()
        answers = batch.predictions["prediction"].astype(str)[matched].to_numpy()
        right += (answers == joined[matched].astype(str).to_numpy()).sum()
        rows += matched.sum()
    target = window.held_out()[conf()["target"]]
    before = (window.model.predict(window.held_out())["prediction"].to_numpy() == target.to_numpy()).mean()
    assert window.since < window.until
    text = f"{right} of {rows} answers of {window.version} were right"
    yield Finding(kind="outcomes", text=text, severity="info", numbers={"accuracy": right / rows, "before": before})
'''


def test_a_monitor_of_the_user_is_called_shown_and_measured(
    held_out: pd.DataFrame,  # noqa: F811
    trained: Model,
    write: Write,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """A rising share of missing values, in a table."""
    write("missing.py", RISING_NULLS)
    calm = drift.drift(write_table(tmp_path / "same.parquet", held_out), 1, None)
    assert calm["findings"] == []
    features = [column["name"] for column in trained.facts["schema"]]
    name = next(column["name"] for column in calm["columns"] if column["name"] in features)
    path = write_table(tmp_path / "rows.parquet", held_out.assign(**{name: None}))
    capsys.readouterr()
    report = drift.drift(path, 1, None)
    [found] = [finding for finding in report["findings"] if finding["kind"] == "missing"]
    assert report["findings"][0] == found, "what is critical comes first"
    assert (found["column"], found["numbers"]["now"], report["exit_code"]) == (name, 1, 1)
    page = (project.root() / "reports" / "drift.html").read_text(encoding="utf-8")
    assert f"critical: {name} is missing more often" in page
    kept = monitors.read_report()
    assert kept is not None and kept.findings[0].kind == "missing"
    assert f'model_finding_value{{column="{name}",kind="missing",number="now"}} 1.0' in metrics().decode()


def test_late_labels_are_joined_by_request_id(
    held_out: pd.DataFrame,  # noqa: F811
    trained: Model,
    write: Write,
) -> None:
    """Outcomes for half of the answers, of which a quarter is wrong; information alone is no alarm."""
    write("late.py", LATE_LABELS)
    rows, answers = answered(trained, held_out)
    log = PredictionLog(Metrics())
    log.write(Answered(datetime.now(UTC), trained.version, "latest", rows, answers))
    log.close()
    half = [(one["request_id"], one["prediction"]) for one in answers[::2]]
    half = [(key, answer if i % 4 else "wrong") for i, (key, answer) in enumerate(half)]
    pd.DataFrame(half, columns=["request_id", "outcome"]).to_csv(project.root() / "outcomes.csv", index=False)
    report = drift.drift(None, 1, None)
    [found] = [finding for finding in report["findings"] if finding["kind"] == "outcomes"]
    assert found["numbers"]["accuracy"] == pytest.approx(0.75, abs=0.01)
    assert 0 <= found["numbers"]["before"] <= 1
    assert f"answers of {trained.version} were right" in found["text"]


def test_a_severity_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="'critical', 'warning' or 'info'"):
        monitors.Finding(kind="missing", text="", severity="loud")
