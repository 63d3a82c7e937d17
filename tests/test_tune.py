"""The search with real processes on the flights: same result, Ctrl-C, mistakes, and both trackers."""

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import ladder

Live = Callable[..., Path]


def root(project: Path, folder: Path, **changes: Any) -> dict[str, str]:
    """A root of its own with a small search: the variables that point there."""
    shutil.copytree(project / "conf", folder / "conf")
    shutil.copy(project / "params.yaml", folder)
    path = folder / "conf" / "tune.yaml"
    asked = yaml.safe_load(path.read_text(encoding="utf-8")) | {"folds": 2, "batch": 2, "trials": 4} | changes
    path.write_text(yaml.safe_dump(asked), encoding="utf-8")
    return {"PROJECT_ROOT": str(folder), "DATA_PATH": str(project / "data" / "flights.parquet")}


def command(project: Path, *arguments: str) -> list[str]:
    return [str(project / ".venv" / "bin" / "python"), "-m", "lifecycle.cli", *arguments]


def trials(project: Path, env: dict[str, str], metric: str) -> dict[str, float | None]:
    """The score of each trial that MLflow has, read by its own client."""
    ask = (
        "import json, mlflow\n"
        f"mlflow.set_tracking_uri('sqlite:///{env['PROJECT_ROOT']}/mlflow.db')\n"
        "runs = mlflow.search_runs(experiment_names=['living-project-tune'], output_format='list')\n"
        f"print(json.dumps({{run.data.tags['trial']: run.data.metrics.get({metric!r}) for run in runs}}))"
    )
    found = ladder.run([project / ".venv/bin/python", "-c", ask], project).stdout
    return dict(json.loads(found))


def test_stopped_by_hand_it_goes_on_with_other_workers_and_the_training_takes_it(live: Live, tmp_path: Path) -> None:
    project = live(level=2)
    env = root(project, tmp_path / "root")
    with subprocess.Popen(
        command(project, "tune", "--workers", "2"),
        env=os.environ | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout and process.stderr
        first = next(line for line in process.stdout if line.startswith("1 of 4"))
        process.send_signal(signal.SIGINT)
        rest, errors = process.stdout.read(), process.stderr.read()
    assert process.returncode == 130, first + rest + errors
    assert "finished trials are kept" in rest and "Traceback" not in errors
    assert not (tmp_path / "root" / "conf" / "tuned.yaml").exists()

    done = ladder.run(command(project, "tune", "--workers", "1", "--json"), project, **env)
    found = json.loads(done.stdout)
    counted = re.search(r"4 trials, (\d) done", done.stderr)
    assert counted and int(counted[1]) >= 1
    scores = trials(project, env, found["metric"])
    assert sorted(scores) == ["0", "1", "2", "3", "all"]
    assert max(score for score in scores.values() if score) == pytest.approx(found["best"])
    assert found["best"] >= found["default"]

    facts = json.loads(ladder.run(command(project, "train", "--json"), project, **env).stdout)
    assert facts["params"]["model"] == found["base"]["model"] | found["params"]["model"]


def test_a_tracker_that_does_not_answer_stops_it_with_nothing_written(live: Live, tmp_path: Path) -> None:
    """It is asked while the first folds are computed; the output ends only when no worker holds it any more."""
    project = live(level=2)
    env = root(project, tmp_path / "root") | {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}
    done = ladder.run(command(project, "tune"), project, check=False, **env)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "MLFLOW_TRACKING_URI" in done.stderr and "Traceback" not in done.stderr
    assert "4 trials, 0 done" in done.stdout and "1 of 4" not in done.stdout
    again = ladder.run(command(project, "tune"), project, **env | {"MLFLOW_TRACKING_URI": ""})
    assert "4 trials, 0 done" in again.stdout and "4 of 4" in again.stdout


@pytest.mark.parametrize("answers", [{}, {"framework": "lightgbm", "tracking": "wandb"}], ids=["scikit", "lightgbm"])
def test_a_misspelt_parameter_is_named(answers: dict[str, str], live: Live, tmp_path: Path) -> None:
    project = live(level=2, **answers)
    env = root(project, tmp_path / "root", space={"learning_rat": {"low": 0.1, "high": 0.2}})
    done = ladder.run(command(project, "tune"), project, check=False, **env)
    assert done.returncode == 2
    assert "conf/tune.yaml" in done.stderr and "learning_rat" in done.stderr and "Traceback" not in done.stderr


def test_lightgbm_with_wandb_offline(live: Live, tmp_path: Path) -> None:
    project = live(level=2, framework="lightgbm", tracking="wandb")
    env = root(project, tmp_path / "root", trials=3)
    found = json.loads(ladder.run(command(project, "tune", "--json"), project, **env).stdout)
    (log,) = (tmp_path / "root" / "wandb" / "tuning" / "wandb").glob("offline-run-*/*.wandb")
    inspect = [project / ".venv/bin/wandb", "leet", "inspect", "--summary", "--json", log]
    run = json.loads(ladder.run(inspect, tmp_path, WANDB_ERROR_REPORTING="false").stdout)
    assert run["config"]["study"] == found["study"]
    assert run["summary"]["best"] == pytest.approx(found["best"])
    assert run["summary"]["trial"] == 2
    assert json.loads(ladder.run(command(project, "runs", "--json"), project, **env).stdout)["runs"] == []
