"""Keys: shown once, kept as hashes, worthless once they are revoked."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lifecycle.governance import keys


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of its own."""
    monkeypatch.setenv("API_KEYS_FILE", str(tmp_path / "keys.json"))
    return tmp_path / "keys.json"


def test_a_key_opens_until_it_is_revoked(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "LOOK", -1)
    ring = keys.KeyRing()
    assert ring.holder("guessed") is None
    key, other = keys.add("website"), keys.add("batch")
    assert (ring.holder(key), ring.holder(other)) == ("website", "batch")
    assert len(key) >= 43  # 256 bits
    assert key not in file.read_text("utf-8")
    if sys.platform != "win32":
        assert file.stat().st_mode & 0o777 == 0o600
    keys.revoke("website")
    assert (ring.holder(key), ring.holder(other)) == (None, "batch")
    file.write_text("broken", "utf-8")
    assert ring.holder(other) is None
    file.unlink()
    assert ring.holder(other) is None


def test_evidence_is_a_key(file: Path) -> None:
    assert [item.state for item in keys.evidence()] == ["missing"]
    keys.add("website")
    assert [item.state for item in keys.evidence()] == ["proven"]


def test_the_command(file: Path, cli: Callable[..., Any]) -> None:
    refused = cli("serve", check=False)
    assert refused.returncode == 2
    assert "keys add" in refused.stderr
    assert "website" in cli("keys", "add", "website").stdout
    again = cli("keys", "add", "website", check=False)
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
    assert json.loads(cli("keys", "list", "--json").stdout)["keys"][0]["name"] == "website"
    assert cli("keys", "revoke", "nobody", check=False).returncode == 2
