"""`make demo`, as the README shows it, in a clone: from nothing to its closing page, and no server is left running."""

import re
import sys
from pathlib import Path

import pytest

from tests import ladder


def running_below(folder: Path) -> list[str]:
    """The commands of the processes that work in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink().is_relative_to(folder):
                found.append((process / "cmdline").read_text(encoding="utf-8"))
        except OSError:  # it has ended, or belongs to somebody else
            continue
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_the_demo_runs_to_its_closing_page_and_leaves_no_server(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    clone.mkdir()
    ladder.clone(clone)
    # The environment of these tests is the one that `make setup` makes; making another proves nothing more.
    (clone / ".git" / "info" / "exclude").write_text("/.venv\n", encoding="utf-8")
    (clone / ".venv").symlink_to(sys.prefix)
    done = ladder.run(["make", "--assume-old=.venv/ready", "demo"], clone, COLUMNS="200")
    answer = re.search(r'"prediction": .+', done.stdout)
    assert answer, done.stdout[-4000:]
    assert "Done." in done.stdout and "uv run demo-project serve" in done.stdout
    for page in re.findall(r"demo-project/reports/\S+\.html", done.stdout):
        assert (clone / page).read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert (clone / "demo-project" / "reports" / "maturity.html").is_file()
    assert running_below(clone) == []

    again = ladder.run(["make", "--assume-old=.venv/ready", "demo"], clone, check=False)
    assert again.returncode != 0
    assert "is there already" in again.stdout + again.stderr
