"""What an older template wrote into releases/ and MODEL_CARD.md is read; what a newer one wrote is refused.

tests/lifecycle/formats/ keeps what each format looked like when it was the newest. Nothing there is ever changed."""

import json
import shutil
from pathlib import Path

import pytest

from lifecycle.governance import approvals, approvals_check, audit, card, scan_secrets, trail
from lifecycle.project import Failure
from tests.lifecycle.conftest import ORIGINAL

FORMATS = Path(__file__).parents[1] / "formats"
VERSION = "20260301-080000-ab12"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the files of format 1."""
    monkeypatch.setenv("PROJECT_ROOT", str(tmp_path))
    shutil.copytree(FORMATS / "1", tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_format_1_is_read(folder: Path) -> None:
    assert approvals.aliases() == {"champion": VERSION}
    assert approvals.approved() == [VERSION]
    assert approvals.decision(VERSION)["why"] == "Better in every slice: ä"
    assert [act["action"] for act in trail.entries()] == ["register", "request", "approve", "alias"]
    assert approvals_check.problems() == []
    assert audit.problem() is None
    assert "Purpose: nothing is written there" not in card.gaps(card.card_path().read_text(encoding="utf-8"))
    assert not any(gap.startswith("Facts") for gap in card.gaps(card.card_path().read_text(encoding="utf-8")))


def test_hashes_in_releases_are_no_secrets(folder: Path) -> None:
    shutil.copy(ORIGINAL / ".secrets.baseline", folder)
    trail.record("alias", "", alias="champion", before=VERSION)
    files = [path.relative_to(folder).as_posix() for path in (folder / "releases").iterdir()]
    assert len(files) == 3 and scan_secrets.scan(files) == []


def test_new_lines_follow_those_of_format_1(folder: Path) -> None:
    trail.record("alias", "", alias="champion", before=VERSION)
    assert audit.problem() is None
    assert [act["format"] for act in trail.entries()] == [1] * 4 + [trail.FORMAT]


@pytest.mark.parametrize("name", ["aliases", VERSION])
def test_a_file_without_a_number_has_format_1_and_a_newer_one_is_refused(name: str, folder: Path) -> None:
    path = folder / "releases" / f"{name}.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.removeprefix("format: 1\n"), encoding="utf-8")
    assert approvals_check.problems() == []
    path.write_text(text.replace("format: 1\n", f"format: {approvals.FORMAT + 1}\n"), encoding="utf-8")
    assert approvals_check.problems() == [f"{path} was written by a newer template: climb to it first"]


def test_a_line_of_a_newer_template_is_refused(folder: Path) -> None:
    *lines, last = trail.trail_path().read_bytes().splitlines(keepends=True)
    newer = json.dumps(json.loads(last) | {"format": trail.FORMAT + 1, "more": 1}).encode() + b"\n"
    trail.trail_path().write_bytes(b"".join([*lines, newer]))
    assert audit.problem() == "line 4 was written by a newer template: climb to it first"
    with pytest.raises(Failure, match="line 4 was written by a newer template"):
        trail.record("request", VERSION)
