"""What the project asks of git: its output, its message where it fails, and a clear one where it is not installed."""

from pathlib import Path

import pytest

from lifecycle import project, repository
from lifecycle.project import Failure


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one commit."""
    monkeypatch.setenv("PROJECT_ROOT", str(tmp_path))
    for variable in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(variable, str(tmp_path / "none"))
    repository.git("init", "--quiet", "--template=")
    repository.git("config", "user.name", "Ada")
    (tmp_path / "ä.txt").write_bytes(b"\xff\n")
    repository.git("add", ".")
    monkeypatch.setenv("GIT_COMMITTER_EMAIL", "a@example.com")
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "a@example.com")
    repository.git("commit", "--quiet", "--message=Start", "--no-gpg-sign")
    return tmp_path


def test_what_git_knows(folder: Path) -> None:
    assert repository.exists() and repository.head() == repository.git("rev-parse", "HEAD")
    assert repository.content("HEAD", "ä.txt") == b"\xff\n" and repository.content("HEAD", "b.txt") is None
    assert repository.tracked("ä.txt") and not repository.tracked("b.txt")
    assert repository.person() == "Ada"
    repository.git("config", "user.email", "ada@example.com")
    assert repository.person() == "Ada <ada@example.com>"
    assert not repository.dirty()
    (folder / "ä.txt").write_text("b")
    assert repository.dirty()


def test_what_git_does_not_like_is_named(folder: Path) -> None:
    with pytest.raises(Failure, match=r"`git show nothing` failed: .*nothing"):
        repository.git("show", "nothing")
    assert repository.try_git("show", "nothing") is None


def test_a_project_outside_git_has_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROJECT_ROOT", str(tmp_path))
    assert not repository.exists() and repository.head() is None and repository.dirty()


def test_a_machine_without_git_is_distinguished_from_a_failing_git(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Failure, match=r"git cannot be run .*: install it"):
        repository.git("status")
    assert repository.try_git("status") is None and repository.head() is None and repository.dirty()


def test_nothing_else_calls_git() -> None:
    for path in project.PACKAGE.rglob("*.py"):
        assert path.name == "repository.py" or '["git"' not in path.read_text(encoding="utf-8"), path
