"""No password, key or token is in what git keeps of this project."""

import pytest

from lifecycle import repository
from lifecycle.governance import scan_secrets
from lifecycle.project import PACKAGE


def test_no_secret_is_in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROJECT_ROOT", str(PACKAGE.parents[1]))
    if not repository.exists():
        pytest.skip("this project is not under git yet")
    assert scan_secrets.scan(scan_secrets.files()) == []
