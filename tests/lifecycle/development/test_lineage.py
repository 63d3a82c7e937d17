"""From a model to what it was made from, and back; and what cannot be made again is told."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from lifecycle.cli import run
from lifecycle.development import model, registry_entry, reproduce
from lifecycle.development.model import Model
from lifecycle.project import Failure

GIT = ["git", "-c", "user.name=Test", "-c", "user.email=test@example.com"]


@pytest.fixture(scope="module")
def history(trained: Model, workspace: Path) -> Iterator[str]:
    """The workspace in git, with the data of the training in a dvc.lock; returns that commit."""
    out = {"path": "data/ingested/table.csv", "md5": trained.facts["data"]["md5"]}
    lock = workspace / "pipeline" / "ingest" / "dvc.lock"
    lock.parent.mkdir(parents=True)
    lock.write_text(yaml.safe_dump({"stages": {"ingest": {"outs": [out]}}}))
    (workspace / "uv.lock").write_text("version = 1\n")
    git(workspace, "init", "--quiet")
    git(workspace, "add", "pipeline", "uv.lock", "params.yaml")
    git(workspace, "commit", "--quiet", "--message=Keep the data", "--no-gpg-sign")
    yield git(workspace, "rev-parse", "HEAD")
    for folder in (".git", "pipeline"):
        shutil.rmtree(workspace / folder)
    (workspace / "uv.lock").unlink()


@pytest.fixture
def version(trained: Model, history: str) -> Iterator[str]:
    """A version that says that it was made from that commit."""
    made = "20000101-000000-test"
    shutil.copytree(model.folder(trained.version), model.folder(made))
    facts = trained.facts | {"version": made, "commit": history, "dirty": False}
    (model.folder(made) / "model.json").write_text(json.dumps(facts, default=str))
    yield made
    shutil.rmtree(model.folder(made))


def git(folder: Path, *arguments: str) -> str:
    command = [*GIT, "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def printed(capsys: pytest.CaptureFixture[str], *argv: str) -> dict[str, Any]:
    """What a command returns as JSON."""
    capsys.readouterr()
    assert run("lineage", [*argv, "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def test_the_chain_leads_to_everything(
    version: str, history: str, trained: Model, capsys: pytest.CaptureFixture[str]
) -> None:
    chain = printed(capsys, version)
    md5 = trained.facts["data"]["md5"]
    assert chain["data"] == f"{md5}, kept by pipeline/ingest/dvc.lock of commit {history}"
    assert chain["code"] == history
    assert json.loads(chain["parameters"]) == trained.facts["params"]
    assert registry_entry.lock_sha256(history) in chain["environment"]
    assert trained.facts["python"] in chain["environment"]
    assert chain["decision"] == "none"
    assert printed(capsys, trained.version)["run"] != "not found"


def test_the_chain_leads_back(version: str, history: str, trained: Model, capsys: pytest.CaptureFixture[str]) -> None:
    md5 = trained.facts["data"]["md5"]
    assert version in [m["version"] for m in printed(capsys, "--data", md5[:8])["models"]]
    assert [m["version"] for m in printed(capsys, "--commit", history[:8])["models"]] == [version]
    assert printed(capsys, "--data", "0" * 32)["models"] == []


def test_what_is_not_there_is_reported(version: str) -> None:
    with pytest.raises(Failure, match="neither in models/ nor in the registry"):
        run("lineage", ["v0"])
    facts = model.facts(version) | {"dirty": True}
    (model.folder(version) / "model.json").write_text(json.dumps(facts))
    with pytest.raises(Failure, match="no commit holds"):
        run("reproduce", [version])


def test_a_commit_that_cannot_be_installed_is_reported(version: str, workspace: Path) -> None:
    """It was checked out beside the project, and is gone afterwards."""
    with pytest.raises(Failure, match="sync --locked"):
        run("reproduce", [version])
    assert len(git(workspace, "worktree", "list").splitlines()) == 1


def test_one_bit_is_a_difference(tmp_path: Path) -> None:
    frame = pd.DataFrame({"row": [1, 2, 3], "prediction": [0.1, None, 0.3]})
    other = frame.assign(prediction=[0.1, None, 0.3 + 2**-53])
    for name, table in (("one", frame), ("other", other), ("short", frame.head(2))):
        table.to_parquet(tmp_path / f"{name}.parquet")
    one = tmp_path / "one.parquet"
    assert reproduce.differences(one, one) == (3, 0)
    assert reproduce.differences(one, tmp_path / "other.parquet") == (3, 1)
    assert reproduce.differences(one, tmp_path / "short.parquet") == (3, 3)
