"""Keys: shown once, kept as hashes, worthless once they are revoked."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lifecycle.governance import keys
from lifecycle.governance.access import Caller
from lifecycle.project import Failure


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


def test_a_file_of_the_first_form_is_read_and_renewed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As release 0 wrote it: the holders on top, no format and no roles; one of them has an awkward name."""
    monkeypatch.setattr(keys, "LOOK", -1)
    old = {
        name: {"sha256": keys.digest(name), "created": "2026-01-01T00:00:00+00:00"} for name in ("website", "format")
    }
    file.write_text(json.dumps(old), "utf-8")
    ring = keys.KeyRing()
    assert ring.caller("website") == Caller("website", frozenset({"predictor"}))
    assert ring.holder("format") == "format"
    keys.add("another")
    written = json.loads(file.read_text("utf-8"))
    assert (written["format"], list(written["keys"])) == (1, ["website", "format", "another"])
    assert written["keys"]["website"] == old["website"]
    assert ring.holder("website") == "website"


def test_roles_and_expiry_count_and_are_kept(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "LOOK", -1)
    fixture = {
        "approver": {"sha256": keys.digest("a"), "roles": ["approver", "predictor"], "expires": "2999-01-01T00:00:00Z"},
        "past": {"sha256": keys.digest("p"), "expires": "2020-01-01T00:00:00+00:00"},
    }
    file.write_text(json.dumps({"format": 1, "keys": fixture}), "utf-8")
    ring = keys.KeyRing()
    assert ring.caller("a") == Caller("approver", frozenset({"approver", "predictor"}))
    assert ring.caller("p") is None
    keys.revoke("past")
    assert json.loads(file.read_text("utf-8"))["keys"] == {"approver": fixture["approver"]}


@pytest.mark.parametrize(
    "content",
    [
        {"format": 2, "keys": {}},
        {"format": 1, "keys": {"a": {"sha256": 5}}},
        {"format": 1, "keys": {"a": {"sha256": "x", "expires": "2027-01-01"}}},
        {"format": 1, "keys": {"a": {"sha256": "x", "roles": "approver"}}},
        {"format": "1", "keys": {}},
        {"format": 1},
        [],
    ],
)
def test_a_file_that_makes_no_sense_opens_nothing(file: Path, content: Any) -> None:
    file.write_text(json.dumps(content), "utf-8")
    assert keys.KeyRing().holder("anything") is None
    with pytest.raises(Failure, match=r"keys\.json"):
        keys.add("website")


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
