"""The pipeline does what changed, stops at a failure, goes on there, and never runs twice."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from lifecycle import cli, project
from lifecycle.development.pipeline import pipeline, verdict
from tests.lifecycle.conftest import ORIGINAL

# Inside DVC, not in this project.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

WORK = """
import pathlib, sys
status = int(pathlib.Path(sys.argv[1]).read_text())
sys.exit(status) if status else pathlib.Path(sys.argv[2]).touch()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the stages c, b, a; each ends with the number in its file <name>.in."""
    (tmp_path / ".dvc").mkdir()
    shutil.copy(ORIGINAL / ".dvc/config", tmp_path / ".dvc")
    (tmp_path / "work.py").write_text(WORK)
    for name, before in [("c", []), ("b", ["c.out"]), ("a", ["b.out"])]:
        (tmp_path / f"{name}.in").write_text("0")
        stage = {
            "wdir": "../..",
            "cmd": f"python work.py {name}.in {name}.out",
            "deps": [f"{name}.in", *before],
            "outs": [{f"{name}.out": {"cache": False}}],
        }
        (tmp_path / "pipeline" / name).mkdir(parents=True)
        text = yaml.safe_dump({"stages": {name: stage}})
        (tmp_path / "pipeline" / name / "dvc.yaml").write_text(text)
    monkeypatch.setenv("PROJECT_ROOT", str(tmp_path))
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    return tmp_path


def states(name: str | None = None) -> dict[str, str]:
    """What a run says of each stage."""
    return {stage["stage"]: stage["state"] for stage in pipeline(name)}


def test_only_what_changed_is_done_again(folder: Path) -> None:
    assert states() == {"c": "ran", "b": "ran", "a": "ran"}
    assert states() == {"c": "unchanged", "b": "unchanged", "a": "unchanged"}
    (folder / "b.in").write_text(" 0")
    assert states() == {"c": "unchanged", "b": "ran", "a": "unchanged"}
    (folder / "a.out").unlink()
    assert states("a") == {"a": "ran"}
    with pytest.raises(project.Failure, match="no stage 'd': there are c, b, a"):
        pipeline("d")


@pytest.mark.parametrize("status", [1, 2])
def test_a_failing_stage_stops_it_and_the_next_run_goes_on_there(
    folder: Path, status: int, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "b.in").write_text(str(status))
    stages = pipeline()
    assert [stage["state"] for stage in stages] == ["ran", "failed", "waiting"]
    assert verdict(stages) == status
    assert f"stopped at b, which ended with {status}" in capfd.readouterr().err
    (folder / "b.in").write_text("0")
    assert states() == {"c": "unchanged", "b": "ran", "a": "ran"}


def test_a_stage_whose_file_is_missing_says_which(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "c.in").unlink()
    assert verdict(pipeline()) == 2
    shown = capfd.readouterr().err
    assert "c.in" in shown and "stopped at c, which could not start" in shown


def test_two_at_once_and_one_that_was_killed(folder: Path) -> None:
    slow = f"import pathlib, time; pathlib.Path('{folder}/begun').touch(); time.sleep(60)"
    (folder / "work.py").write_text(slow)
    command = [sys.executable, "-m", "lifecycle.cli", "pipeline"]
    first = subprocess.Popen(command, start_new_session=True)
    try:
        for _ in range(300):
            if (folder / "begun").exists():
                break
            time.sleep(0.1)
        with pytest.raises(project.Failure, match="another pipeline is at work"):
            pipeline()
    finally:
        first.send_signal(signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
        first.wait()
    (folder / "work.py").write_text(WORK)
    assert states() == {"c": "ran", "b": "ran", "a": "ran"}


def test_a_folder_without_git_is_reported(folder: Path) -> None:
    shutil.rmtree(folder / ".git")
    with pytest.raises(project.Failure, match="run `git init`"):
        pipeline()


def test_a_model_that_was_removed_is_trained_again(folder: Path) -> None:
    made, kept = folder / "reports/trained.json", folder / "models/1/model.json"
    made.parent.mkdir()
    kept.parent.mkdir(parents=True)
    kept.touch()
    made.write_text(json.dumps({"version": "1"}))
    states()
    assert made.exists()
    kept.unlink()
    states()
    assert not made.exists()


def test_each_stage_of_this_project_calls_a_command_that_it_has() -> None:
    commands = set(cli.commands())
    called: dict[str, str] = {}
    for file in (ORIGINAL / "pipeline").glob("*/dvc.yaml"):
        for name, stage in project.read_yaml(file)["stages"].items():
            _, own, arguments = stage["cmd"].partition("-m lifecycle.cli ")
            called |= {name: arguments.split()[0]} if own else {}
    assert {"ingest", "validate", "train", "gate", "register"} <= set(called)
    assert {stage: name for stage, name in called.items() if name not in commands} == {}
