"""Whatever is done to any line of the trail is found, and so is what was cut off its end."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lifecycle.governance import audit, trail
from lifecycle.project import Failure
from lifecycle.testing import Cli

GIT = ["git", "-c", "user.name=Test", "-c", "user.email=test@example.com"]
ACTS = 6


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a trail that is not committed yet."""
    folder = tmp_path_factory.mktemp("begun")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROJECT_ROOT", str(folder))
        patch.setenv("AUDIT_ACTOR", "Ada")
        git(folder, "init", "--quiet", "--template=")
        for number in range(ACTS):
            trail.record("request", f"v{number}", why=f"the reason ü {number}")
    return folder


@pytest.fixture
def folder(begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it for each test."""
    monkeypatch.setenv("PROJECT_ROOT", str(tmp_path))
    monkeypatch.setenv("AUDIT_ACTOR", "Ada")
    shutil.copytree(begun, tmp_path, dirs_exist_ok=True)
    return tmp_path


def git(folder: Path, *arguments: str) -> None:
    subprocess.run([*GIT, "-C", str(folder), *arguments], check=True)


def commit(folder: Path) -> None:
    git(folder, "add", "releases")
    git(folder, "commit", "--quiet", "--message=Act", "--no-gpg-sign")


def tamper(change: Callable[[list[bytes]], None]) -> None:
    """Change the lines of the trail."""
    lines = trail.trail_path().read_bytes().splitlines(keepends=True)
    change(lines)
    trail.trail_path().write_bytes(b"".join(lines))


def forge(lines: list[bytes], start: int) -> None:
    """Write the lines from `start` on anew, as somebody who knows how it is done."""
    previous = json.loads(lines[start - 1])["hash"] if start else trail.GENESIS
    for index in range(start, len(lines)):
        entry = json.loads(lines[index]) | {"seq": index + 1, "prev": previous, "who": "Eve"}
        lines[index] = trail.serialized(entry) + b"\n"
        previous = trail.digest(entry)


def test_a_whole_trail_is_no_finding(folder: Path) -> None:
    assert audit.problem() is None
    commit(folder)
    trail.record("approve", "v0")
    assert audit.problem() is None
    assert [act["seq"] for act in trail.entries()] == list(range(1, ACTS + 2))
    assert trail.entries()[0]["who"] == "Ada"


@pytest.mark.parametrize("field", [*trail.FIELDS, "hash", "more"])
@pytest.mark.parametrize("line", range(ACTS))
def test_every_edit_is_found(line: int, field: str, folder: Path) -> None:
    def edit(lines: list[bytes]) -> None:
        entry = json.loads(lines[line])
        lines[line] = json.dumps(entry | {field: "changed"}, separators=(",", ":")).encode() + b"\n"

    tamper(edit)
    assert audit.problem() == f"line {line + 1} was altered"


@pytest.mark.parametrize("line", range(ACTS))
def test_every_byte_counts(line: int, folder: Path) -> None:
    whole = trail.trail_path().read_bytes().splitlines(keepends=True)
    for at in range(len(whole[line])):
        for instead in (b"", b" ", b"0", b"\n"):
            changed = whole[line][:at] + instead + whole[line][at + 1 :]
            if changed != whole[line]:
                found = trail.fault(b"".join([*whole[:line], changed, *whole[line + 1 :]]))
                assert found and f"line {line + 1} " in found, (at, instead)


@pytest.mark.parametrize("line", range(ACTS))
def test_every_insertion_is_found(line: int, folder: Path) -> None:
    whole = trail.trail_path().read_bytes()
    tamper(lambda lines: lines.insert(line, lines[line]))
    assert f"line {line + 2} does not follow" in str(audit.problem())
    trail.trail_path().write_bytes(whole)

    def insert(lines: list[bytes]) -> None:
        first = lines[: line + 1]
        forge(first, line)
        lines.insert(line, first[line])

    tamper(insert)
    assert f"line {line + 2} does not follow" in str(audit.problem())


@pytest.mark.parametrize("line", range(ACTS - 1))
def test_every_deletion_and_reordering_is_found(line: int, folder: Path) -> None:
    whole = trail.trail_path().read_bytes()
    tamper(lambda lines: lines.__delitem__(line))
    assert f"line {line + 1} does not follow" in str(audit.problem())
    trail.trail_path().write_bytes(whole)
    for other in range(line + 1, ACTS):

        def swap(lines: list[bytes], other: int = other) -> None:
            lines[line], lines[other] = lines[other], lines[line]

        tamper(swap)
        assert f"line {line + 1} does not follow" in str(audit.problem())
        trail.trail_path().write_bytes(whole)


@pytest.mark.parametrize("line", range(ACTS))
def test_git_finds_what_the_chain_cannot(line: int, folder: Path) -> None:
    """A trail that was cut off, or written anew to its end, is whole in itself."""
    commit(folder)
    whole = trail.trail_path().read_bytes()
    tamper(lambda lines: lines.__delitem__(slice(line, None)))
    assert trail.fault(trail.trail_path().read_bytes()) is None
    assert f"line {line + 1} is not the one that commit" in str(audit.problem())
    commit(folder)
    assert f"line {line + 1} is not the one that commit" in str(audit.problem())
    trail.trail_path().write_bytes(whole)
    tamper(lambda lines: forge(lines, line))
    assert trail.fault(trail.trail_path().read_bytes()) is None
    assert f"line {line + 1} is not the one that commit" in str(audit.problem())


def test_a_committed_decision_holds_the_head(folder: Path) -> None:
    """Even where the trail itself was never committed."""
    head = trail.record("approve", "v0")
    (folder / "releases" / "v0.yaml").write_text(f"version: v0\naudit_head: {head}\n")
    git(folder, "add", "releases/v0.yaml")
    git(folder, "commit", "--quiet", "--message=Approve", "--no-gpg-sign")
    assert audit.problem() is None
    tamper(lambda lines: lines.__delitem__(-1))
    assert f"line {ACTS + 1} is gone" in str(audit.problem())
    trail.trail_path().unlink()
    assert "line 1 is gone" in str(audit.problem())


def test_a_torn_line_is_reported_and_nothing_is_written_after_it(folder: Path) -> None:
    whole = trail.trail_path().read_bytes()
    trail.trail_path().write_bytes(whole[:-20])
    with pytest.raises(Failure, match=f"line {ACTS} was cut off.* delete"):
        trail.record("approve", "v0")
    assert trail.trail_path().read_bytes() == whole[:-20]
    tamper(lambda lines: lines.__delitem__(-1))
    trail.record("approve", "v0")
    assert audit.problem() is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot bound the size of a file")
def test_a_full_disk_leaves_the_trail_as_it_was(folder: Path) -> None:
    whole = trail.trail_path().read_bytes()
    code = f"""
import resource, signal
from lifecycle.governance import trail
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({len(whole) + 50}, resource.RLIM_INFINITY))
trail.record("approve", "v0")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "cannot be written" in done.stderr
    assert trail.trail_path().read_bytes() == whole
    trail.record("approve", "v0")
    assert audit.problem() is None


def test_many_processes_keep_one_chain(folder: Path) -> None:
    code = "from lifecycle.governance import trail\nfor _ in range(20): trail.record('', '')"
    writers = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    assert audit.problem() is None
    assert len(trail.entries()) == ACTS + 60


def test_the_command_names_the_line(folder: Path, cli: Cli) -> None:
    assert "Ada" in cli("audit", "show").stdout
    assert cli("audit", "verify").returncode == 0
    tamper(lambda lines: lines.__delitem__(2))
    found = cli("audit", "verify", "--json", check=False)
    assert found.returncode == 1
    assert "line 3" in json.loads(found.stdout)["problem"]


def test_evidence_is_a_trail_that_git_holds(folder: Path) -> None:
    assert [item.state for item in audit.evidence()] == ["missing"]
    commit(folder)
    assert [item.state for item in audit.evidence()] == ["proven"]
    tamper(lambda lines: lines.__delitem__(0))
    assert [item.state for item in audit.evidence()] == ["missing"]
