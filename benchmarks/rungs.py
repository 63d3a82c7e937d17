"""What each rung costs: megabytes of its environment, and seconds to install, to climb, to run first and to test.

    python benchmarks/rungs.py [--check]

A project of the default choices starts at level 0 and climbs. The documentation site shows the figures: they are
written into docs/figures.json, unless --check asks to print them only.
"""

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from mlops_ladder.levels import first_commands  # noqa: E402
from tests import ladder  # noqa: E402

FIGURES = ROOT / "docs" / "figures.json"
FIRST = first_commands(ROOT / "levels")


def seconds(command: Sequence[object], folder: Path) -> float:
    """How long a command takes; it must succeed."""
    began = time.monotonic()
    ladder.run(command, folder)
    return round(time.monotonic() - began, 1)


def megabytes(folder: Path) -> int:
    """What a folder takes on disk, as `du` counts it."""
    kept = {(s.st_dev, s.st_ino): s.st_blocks for s in (path.lstat() for path in folder.rglob("*"))}
    return round(sum(kept.values()) * 512 / 2**20)


def measured(project: Path, level: int) -> dict[str, Any]:
    """The figures of the rung that the project stands on; the packages are brought into uv's cache first."""
    ladder.run(["uv", "sync", "--quiet"], project)
    ladder.commit(project, f"Stand on level {level}")
    shutil.rmtree(project / ".venv")
    figures: dict[str, Any] = {"level": level, "sync_s": seconds(["uv", "sync", "--quiet"], project)}
    figures["environment_mb"] = megabytes(project / ".venv")
    figures["first"] = FIRST[level]
    figures["first_s"] = seconds(["uv", "run", "my-model", FIRST[level]], project)
    figures["tests_s"] = seconds(["uv", "run", "pytest", "--quiet"], project)
    ladder.commit(project, f"Run level {level}")
    return figures


def climbed(project: Path, level: int) -> float:
    """How long the climb to a level takes."""
    command = ["copier", "update", "--quiet", "--defaults", "--vcs-ref=:current:", "--context-lines", "100000"]
    return seconds([sys.executable, "-m", *command, "--data", f"level={level}"], project)


def machine() -> str:
    """Where it is measured, and whether other work runs there."""
    system = platform.freedesktop_os_release()["PRETTY_NAME"]
    busy = f", busy with other work (load {os.getloadavg()[1]:.0f})" if os.getloadavg()[1] > 1 else ", otherwise idle"
    return f"{os.cpu_count()} cores, {system}, Python {platform.python_version()}{busy}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="print the figures and keep docs/figures.json as it is")
    arguments = parser.parse_args()
    rungs, where = [], machine()
    with tempfile.TemporaryDirectory() as scratch:
        source, project = Path(scratch) / "template", Path(scratch) / "my-model"
        ladder.clone(source)
        ladder.render(source, project, {"project_name": "My model", "level": 0})
        ladder.commit(project, "Start")
        for level in FIRST:
            took = climbed(project, level) if level else None
            rungs.append(measured(project, level) | ({"climb_s": took} if took else {}))
            print(rungs[-1], flush=True)
    if not arguments.check:
        found = {"when": f"{date.today():%B %Y}", "machine": where, "rungs": rungs}
        FIGURES.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
