"""A planted secret is found, and one that was looked at and allowed is not."""

import subprocess
from pathlib import Path

import pytest

from lifecycle.governance import scan_secrets
from tests.lifecycle.conftest import ORIGINAL

# In parts, so that a scan of this file finds nothing.
PLANTED = "AKIA" + "Z7QX2M4N6P8R1T3V"
PASSWORD = "-".join(["correct", "horse", "battery"])


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git repository with this project's settings of the scan."""
    settings = ORIGINAL / ".secrets.baseline"
    (tmp_path / ".secrets.baseline").write_bytes(settings.read_bytes())
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    monkeypatch.setenv("PROJECT_ROOT", str(tmp_path))
    return tmp_path


def test_planted_secrets_are_found(repository: Path) -> None:
    """A cloud key in code, a password in settings and a private key are named with their lines."""
    (repository / "job.py").write_text(f'\nclient("{PLANTED}")\n')
    (repository / "settings.yaml").write_text(f'password: "{PASSWORD}"\n')
    (repository / "id").write_text("-----BEGIN RSA " + "PRIVATE KEY-----\n")
    found = scan_secrets.scan(scan_secrets.files())
    assert {(secret["file"], secret["line"]) for secret in found} == {
        ("job.py", 2),
        ("settings.yaml", 1),
        ("id", 1),
    }


def test_an_allowed_line_is_no_finding(repository: Path) -> None:
    """The comment that CONTRIBUTING.md names is obeyed, and ignored files are not read."""
    (repository / "job.py").write_text(f'client("{PLANTED}")  # pragma: allowlist secret\n')
    (repository / ".gitignore").write_text(".env\n")
    (repository / ".env").write_text(f"KEY={PLANTED}\n")
    assert scan_secrets.scan(scan_secrets.files()) == []


@pytest.mark.parametrize("line", ["study: 80f716632bd3", "data_md5: 29c8e814864dd3ffc74a7dfd1ad49de0"])
def test_hashes_that_commands_write_into_settings_are_no_finding(line: str, repository: Path) -> None:
    """`tune` names its search and its data by them; whether one looks like a secret is chance."""
    (repository / "conf").mkdir()
    (repository / "conf" / "tuned.yaml").write_text(f"trials: 6\n{line}\n")
    assert scan_secrets.scan(scan_secrets.files()) == []
