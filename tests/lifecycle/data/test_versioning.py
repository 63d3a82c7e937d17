"""A version of the data is kept, rolled back and pulled, and the training names it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from dvc.repo import Repo

from lifecycle import project
from lifecycle.data import ingest
from lifecycle.development.model import Model
from tests.lifecycle.conftest import ORIGINAL

# Inside DVC, not in this project.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:dvc")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with this project's stage and settings, and a store of its own beside it."""
    original, data = ORIGINAL, project.data_path()
    for name in (".dvc/config", ".dvc/.gitignore", ".gitignore", "pipeline/ingest/dvc.yaml"):
        (tmp_path / "mine" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(original / name, tmp_path / "mine" / name)
    (tmp_path / "mine/.dvc/config.local").write_text("['remote \"storage\"']\nurl = ../../store\n")
    source = shutil.copy(data, tmp_path / f"source{data.suffix}")
    monkeypatch.chdir(tmp_path / "mine")
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    monkeypatch.setenv("PROJECT_ROOT", str(tmp_path / "mine"))
    monkeypatch.setenv("DATA_PATH", str(source))
    git("init", "--quiet")
    return tmp_path / "mine"


def git(*arguments: str) -> None:
    """Run git here, whatever this machine's settings are."""
    who = ["user.name=Test", "user.email=test@example.com", "commit.gpgsign=false"]
    options = [word for setting in who for word in ("-c", setting)]
    subprocess.run(["git", *options, *arguments], check=True, capture_output=True)


def keep(repo: Repo, message: str) -> str | None:
    """Run the stage and commit what it recorded."""
    repo.reproduce("pipeline/ingest/dvc.yaml")
    git("add", "--all")
    git("commit", "--quiet", "--message", message)
    return ingest.recorded()


def test_change_push_roll_back_and_pull(trained: Model, checkout: Path) -> None:
    source = project.data_path()
    with Repo() as repo:
        first = keep(repo, "First version")
        source.write_bytes(source.read_bytes() + b"\n")
        second = keep(repo, "Second version")
        assert repo.push(all_commits=True) == 2
    assert first == trained.facts["data"]["md5"]
    assert second == project.md5(source) != first

    shutil.rmtree(checkout / ".dvc" / "cache")
    shutil.rmtree(checkout / "data")
    for commit, version in [("HEAD~1", first), ("-", second)]:
        git("checkout", "--quiet", commit)
        with Repo() as repo:
            repo.pull(force=True)
            out = next((checkout / "data" / "ingested").glob("table.*"))
        assert project.md5(out) == ingest.recorded() == version


def test_the_scorecard_asks_for_the_version_that_the_model_learned_from(
    trained: Model, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "recorded", lambda: None)
    assert [item.state for item in ingest.evidence()] == ["missing"]
    monkeypatch.setattr(ingest, "recorded", lambda: "0" * 32)
    assert "learned from" in next(ingest.evidence()).detail


def test_a_copy_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = project.data_path()
    with pytest.raises(project.Failure, match="ending"):
        ingest.ingest(source, tmp_path / "table.other")
    monkeypatch.setattr(ingest, "md5", lambda path: path.read_text(encoding="nonsense"))
    with pytest.raises(LookupError):
        ingest.ingest(source, tmp_path / f"table{source.suffix}")
    assert not list(tmp_path.iterdir())
