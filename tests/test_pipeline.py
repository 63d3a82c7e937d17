"""The whole pipeline of a project, on the bundled flights: run, kept, mended, killed, run again."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import ladder

pytestmark = pytest.mark.xdist_group("pipeline")

STAGES = ["ingest", "validate", "featurize", "tune", "train", "evaluate", "gate", "register"]


@pytest.fixture(scope="module")
def project(source: Path, live: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A committed project at level 2 that searches little, run by the environment that all tests share."""
    folder = ladder.render(
        source, tmp_path_factory.mktemp("pipeline") / "project", {"level": 2, "project_name": "Living project"}
    )
    settings = folder / "conf" / "tune.yaml"
    values = yaml.safe_load(settings.read_text(encoding="utf-8"))
    settings.write_text(yaml.safe_dump(values | {"trials": 2, "folds": 2, "batch": 2}), encoding="utf-8")
    ladder.commit(folder, "Start")
    (folder / ".venv").symlink_to(live(level=2) / ".venv")
    return folder


@pytest.fixture(scope="module")
def first(project: Path) -> dict[str, str]:
    """The states of the stages when the pipeline ran for the first time."""
    return states(project)


def command(folder: Path, *arguments: str) -> list[str]:
    python = next((folder / ".venv").glob("[bS]*/python*"))
    return [str(python), "-m", "lifecycle.cli", "pipeline", *arguments]


def states(folder: Path, code: int = 0) -> dict[str, str]:
    """Run the pipeline; returns the state of each stage."""
    done = ladder.run(command(folder, "--json"), folder, check=False, PYTHONPATH=str(folder / "src"))
    assert done.returncode == code, done.stderr
    stages: list[dict[str, Any]] = json.loads(done.stdout)["stages"]
    return {stage["stage"]: stage["state"] for stage in stages}


def test_from_the_data_to_the_registry_and_only_what_changed_again(project: Path, first: dict[str, str]) -> None:
    assert list(first) == STAGES
    assert set(first.values()) == {"ran"}
    # The first run wrote conf/schema.yaml and conf/tuned.yaml, on which stages depend.
    kept = dict.fromkeys(STAGES, "unchanged") | {"ingest": "ran"}
    assert states(project) == kept
    ladder.commit(project, "Keep what was found")

    gates = project / "conf" / "gates.yaml"
    gates.write_text(gates.read_text(encoding="utf-8") + "\n# looked at\n", encoding="utf-8")
    again = states(project)
    assert {name for name, state in again.items() if state == "ran"} <= {"ingest", "gate", "register"}
    assert again["gate"] == "ran"


@pytest.mark.usefixtures("first")
def test_bad_data_stops_it_and_mended_data_lets_it_go_on(project: Path) -> None:
    schema = project / "conf" / "schema.yaml"
    text = schema.read_text(encoding="utf-8")
    schema.write_text(text.replace("JFK", "JFX"), encoding="utf-8")
    stopped = states(project, code=1)
    assert stopped["validate"] == "failed" and stopped["train"] == "waiting"
    assert list((project / "data" / "quarantine").glob("*.parquet"))
    schema.write_text(text, encoding="utf-8")
    assert "failed" not in states(project).values()


@pytest.mark.usefixtures("first")
@pytest.mark.skipif(sys.platform == "win32", reason="no process groups")
def test_killed_in_a_training_it_goes_on_there(project: Path) -> None:
    params = project / "params.yaml"
    params.write_text(params.read_text(encoding="utf-8").replace("seed: 7", "seed: 8"), encoding="utf-8")
    env = os.environ | {"PYTHONPATH": str(project / "src")}
    for stage in ("featurize", "train"):
        run = subprocess.Popen(
            command(project), cwd=project, env=env, text=True, stdout=subprocess.PIPE, start_new_session=True
        )
        assert run.stdout
        for line in run.stdout:
            if line.endswith(f" {stage}\n"):
                break
        time.sleep(1)
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    after = states(project)
    assert after["featurize"] == "unchanged" and after["train"] == after["register"] == "ran"
