"""Experiment tracking with real trackers: a remote MLflow server, none at all, and W&B offline."""

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import yaml
from filelock import FileLock

from tests import ladder

Live = Callable[..., Path]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def workspace(project: Path, folder: Path) -> dict[str, str]:
    """A root of its own for a training with the project's code: the variables that point there."""
    shutil.copytree(project / "conf", folder / "conf")
    shutil.copy(project / "params.yaml", folder)
    return {"PROJECT_ROOT": str(folder), "DATA_PATH": str(project / "data" / "flights.parquet")}


def act(project: Path, *arguments: str, check: bool = True, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the project."""
    python = project / ".venv" / "bin" / "python"
    return ladder.run([python, "-m", "lifecycle.cli", *arguments], project, check=check, **env)


@pytest.fixture
def server(live: Live, shared: Path, tmp_path: Path) -> Iterator[str]:
    """The address of compose.yaml's MLflow server, in an environment of its own, of the project's version."""
    project = live()
    python = project / ".venv" / "bin" / "python"
    ask = "import importlib.metadata; print(importlib.metadata.version('mlflow-skinny'))"
    version = ladder.run([python, "-c", ask], project).stdout.strip()
    environment = shared / "mlflow-server"
    with FileLock(shared / "mlflow-server.lock"):
        if not (environment / "bin" / "mlflow").exists():
            ladder.run(["uv", "venv", "--quiet", "--clear", "--python", str(python), str(environment)], shared)
            install = ["uv", "pip", "install", "--quiet", "--python", environment, f"mlflow=={version}"]
            ladder.run(install, shared)
    port = free_port()
    compose = yaml.safe_load((project / "deploy" / "compose.yaml").read_text(encoding="utf-8"))
    name, *arguments = compose["services"]["mlflow"]["command"]
    assert name == "mlflow"
    here = {"0.0.0.0": "127.0.0.1", "5000": str(port), "/mlflow/": f"{tmp_path}/"}
    for there, instead in here.items():
        assert there in " ".join(arguments)
        arguments = [argument.replace(there, instead) for argument in arguments]
    command = [str(environment / "bin" / "mlflow"), *arguments, "--workers=1"]
    with (tmp_path / "server.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=tmp_path, start_new_session=True)
    try:
        for _ in range(240):
            with suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1).close()
                break
            assert process.poll() is None, (tmp_path / "server.log").read_text()
            time.sleep(0.5)
        yield f"http://127.0.0.1:{port}"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)


LOAD = """
import json, os, sys, mlflow
import pandas as pd
(run,) = mlflow.search_runs(search_all_experiments=True, output_format="list")
model = mlflow.pyfunc.load_model(f"models:/{run.outputs.model_outputs[0].model_id}")
facts = mlflow.artifacts.load_dict(f"{run.info.artifact_uri}/model.json")
from lifecycle.data import table
from lifecycle.project import data_path
rows = table.read(data_path()).tail(50)
print(json.dumps([facts["version"], model.predict(rows)["prediction"].tolist()]))
"""


def test_a_remote_server_is_one_environment_variable(live: Live, server: str, tmp_path: Path) -> None:
    project = live()
    env = workspace(project, tmp_path / "root") | {"MLFLOW_TRACKING_URI": server}
    facts = json.loads(act(project, "train", "--json", check=True, **env).stdout)
    listed = json.loads(act(project, "runs", "--json", check=True, **env).stdout)["runs"]
    assert [run["version"] for run in listed] == [facts["version"]]
    assert listed[0]["data_md5"] == facts["data"]["md5"]
    assert listed[0]["metrics"][facts["primary"]] == pytest.approx(facts["metrics"][facts["primary"]])
    assert not (tmp_path / "root" / "mlflow.db").exists()

    python = project / ".venv" / "bin" / "python"
    version, predicted = json.loads(ladder.run([python, "-c", LOAD], tmp_path, check=True, **env).stdout)
    assert version == facts["version"]
    assert len(predicted) == 50


@contextmanager
def forwarded(server: str, port: int) -> Iterator[None]:
    """A way to the server that can be closed, and opened again at the same address."""
    there = ("127.0.0.1", int(server.rpartition(":")[2]))
    pairs: list[socket.socket] = []

    def pump(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def accept() -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(there)
                pairs.extend([near, far])
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=pump, args=ends, daemon=True).start()

    listener = socket.create_server(("127.0.0.1", port))
    threading.Thread(target=accept, daemon=True).start()
    try:
        yield
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for end in pairs:
            end.close()


def test_a_server_that_goes_away_during_a_training_gets_the_run_with_the_next_one(
    live: Live, server: str, tmp_path: Path
) -> None:
    project, port = live(), free_port()
    address = {"MLFLOW_TRACKING_URI": f"http://127.0.0.1:{port}", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
    env = workspace(project, tmp_path / "root") | address
    python = project / ".venv" / "bin" / "python"
    command = [str(python), "-u", "-m", "lifecycle.cli", "train"]
    with forwarded(server, port):
        process = subprocess.Popen(command, env=os.environ | env, stdout=subprocess.PIPE, text=True)
        assert process.stdout
        seen = next(line for line in process.stdout if line.startswith("learning from"))
    printed = seen + process.stdout.read()
    assert process.wait(60) == 0, printed
    assert "not recorded" in printed and "the next training records this one" in printed
    with forwarded(server, port):
        act(project, "train", check=True, **env)
        recorded = json.loads(act(project, "runs", "--json", check=True, **env).stdout)["runs"]
    kept = sorted(path.name for path in (tmp_path / "root" / "models").iterdir())
    assert len(kept) == 2 and sorted(run["version"] for run in recorded) == kept
    assert not list((tmp_path / "root" / "logs" / "unrecorded").iterdir())


@pytest.mark.parametrize("kind", ["closed", "silent"])
def test_a_server_that_does_not_answer_stops_the_training_before_it_starts(
    kind: str, live: Live, tmp_path: Path
) -> None:
    project = live()
    env = workspace(project, tmp_path / "root")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if kind == "silent":
            listener.listen()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        began = time.monotonic()
        done = act(project, "train", check=False, MLFLOW_TRACKING_URI=address, **env)
    assert done.returncode == 2
    assert "MLFLOW_TRACKING_URI" in done.stderr and "Traceback" not in done.stderr
    assert "learning from" not in done.stdout
    assert not (tmp_path / "root" / "models").exists()
    # Most of it is starting Python on a busy machine; MLflow's own patience is several minutes.
    assert time.monotonic() - began < 60


def test_wandb_records_offline_and_quietly(live: Live, tmp_path: Path) -> None:
    project = live(tracking="wandb", artifact_store="s3")
    env = workspace(project, tmp_path / "root")
    done = act(project, "train", "--json", check=True, **env)
    facts = json.loads(done.stdout)
    assert "wandb:" not in done.stderr
    (log,) = (tmp_path / "root" / "wandb").glob("offline-run-*/*.wandb")
    inspect = [str(project / ".venv" / "bin" / "wandb"), "leet", "inspect", "--json", str(log)]
    records = ladder.run(inspect, tmp_path, WANDB_ERROR_REPORTING="false").stdout
    for kept in (facts["version"], facts["data"]["md5"], "confusion_matrix", "model.joblib", "html-file"):
        assert kept in records, kept


def test_wandb_with_a_key_and_no_server_stops_before_the_training(live: Live, tmp_path: Path) -> None:
    project = live(tracking="wandb", artifact_store="s3")
    address = f"http://127.0.0.1:{free_port()}"
    env = workspace(project, tmp_path / "root") | {"WANDB_API_KEY": "0" * 40, "WANDB_BASE_URL": address}
    done = act(project, "train", check=False, **env)
    assert done.returncode == 2
    assert "WANDB_MODE=offline" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "root" / "models").exists()
