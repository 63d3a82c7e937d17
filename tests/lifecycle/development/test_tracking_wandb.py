"""The training is read back through the tracker's own client."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lifecycle import project
from lifecycle.development import tracking
from lifecycle.development.model import Model
from lifecycle.development.tracking import recording


def test_the_run_names_results_settings_data_and_code(trained: Model, workspace: Path) -> None:
    logs = sorted((workspace / "wandb").glob("*run-*/*.wandb"), key=lambda log: log.stat().st_mtime)
    inspect = [sys.executable, "-m", "wandb", "leet", "inspect", "--summary", "--json"]
    command = [*inspect, str(logs[0])]
    run = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    facts = trained.facts
    rule = {f"baseline_{metric}": value for metric, value in facts["baseline"].items()}
    kept = {key: run["summary"][key] for key in facts["metrics"] | rule}
    assert kept == pytest.approx(facts["metrics"] | rule)
    assert run["config"]["seed"] == facts["params"]["seed"]
    assert run["config"]["data_md5"] == project.md5(project.data_path())
    assert run["config"]["commit"] == (facts["commit"] or "")
    assert run["state"] == "finished"
    assert trained.version in [other["version"] for other in tracking.tracker().runs(3)]


def test_an_absent_server_is_reported_before_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "online")
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    with pytest.raises(project.Failure, match="WANDB_MODE=offline"):
        tracking.tracker().check()


def test_the_scorecard_sees_the_run_and_misses_a_deleted_one(trained: Model, workspace: Path) -> None:
    assert [item.state for item in recording.evidence()] == ["proven"]
    away = (workspace / "wandb").rename(workspace / "elsewhere")
    try:
        assert [item.state for item in recording.evidence()] == ["missing"]
    finally:
        away.rename(workspace / "wandb")
