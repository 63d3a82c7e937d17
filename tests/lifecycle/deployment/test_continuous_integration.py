"""What `maturity` says of the continuous integration follows what was done."""

import subprocess
from pathlib import Path

import pytest

from lifecycle.deployment import continuous_integration

GIT = ["git", "-c", "user.name=Test", "-c", "user.email=test@example.com"]


def state() -> str:
    """The state of P1a."""
    return next(item.state for item in continuous_integration.evidence() if item.id == "P1a")


def test_hooks_and_pushes_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No repository, no hook, nothing pushed: missing. Then only the pipeline itself knows."""

    def git(*arguments: str) -> None:
        subprocess.run([*GIT, "-C", str(tmp_path), *arguments], check=True)

    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("PROJECT_ROOT", str(tmp_path))
    assert state() == "missing"
    git("init", "--quiet")
    git("commit", "--quiet", "--allow-empty", "--message=Start", "--no-gpg-sign")
    hook = tmp_path / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.touch()
    assert state() == "missing"
    git("init", "--quiet", "--bare", "remote")
    git("push", "--quiet", "./remote", "HEAD:main")
    git("remote", "add", "origin", "./remote")
    git("fetch", "--quiet", "origin")
    assert state() == "unseen"
    hook.unlink()
    assert state() == "missing"
    monkeypatch.setenv("CI", "true")
    assert state() == "proven"
