"""What the levels cost: copy and climb, against a plain Copier template with the very same files as static text.

    python benchmarks/copy_and_climb.py [--rounds 7]

The plain template is made here from what the template renders: tag 0.1.0 holds the files of the level below, tag
0.2.0 those of the highest level. `mlops-ladder climb` is held against Copier's update of the plain template too; uv is
hidden from it, for weighing packages is no part of a merge. Both sides run in turn as commands, as a user types them.
Both repositories are packed, as one that comes from a server is. The processor's time, git's included, says more on a
busy machine.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests import ladder  # noqa: E402

MOST = {"copy": 1.15, "update": 1.5, "climb": 1.25}
ANSWERS = {"project_name": "My model"}
WITHOUT_UV = {
    "PATH": os.pathsep.join(place for place in os.environ["PATH"].split(os.pathsep) if not Path(place, "uv").exists()),
    "GIT_AUTHOR_NAME": "Test",
    "GIT_AUTHOR_EMAIL": "test@example.com",
    "GIT_COMMITTER_NAME": "Test",
    "GIT_COMMITTER_EMAIL": "test@example.com",
}
PLAIN = "_subdirectory: template\n"
ANSWERS_FILE = "{{ _copier_conf.answers_file }}.jinja"


class Took(NamedTuple):
    """Seconds by the clock and of the processor."""

    clock: float
    processor: float


def now() -> Took:
    """The time, and what the commands took of the processor until now."""
    spent = os.times()
    return Took(time.monotonic(), spent.children_user + spent.children_system)


def copier(folder: Path, *arguments: str | Path) -> Took:
    """Run a Copier command; returns what it took."""
    return timed(folder, "copier", *arguments, "--quiet", "--defaults")


def timed(folder: Path, module: str, *arguments: str | Path, **env: str) -> Took:
    """Run a module of Python's as a command; returns what it took."""
    began = now()
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, env=os.environ | env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{command} ended with {done.returncode}\n{done.stderr[-3000:]}")
    return Took(*(end - start for end, start in zip(now(), began, strict=True)))


def plain(source: Path, folder: Path, level: int) -> None:
    """Make the plain template, with the files of two levels under two tags."""
    for tag, height in (("0.1.0", level - 1), ("0.2.0", level)):
        shutil.rmtree(folder / "template", ignore_errors=True)
        ladder.render(source, folder / "template", ANSWERS | {"level": height})
        (folder / "template" / ".copier-answers.yml").unlink()
        (folder / "template" / ANSWERS_FILE).write_text("{{ _copier_answers|to_nice_yaml -}}\n", encoding="utf-8")
        (folder / "copier.yml").write_text(PLAIN, encoding="utf-8")
        ladder.commit(folder, tag)
        ladder.git(folder, "tag", tag)
    ladder.git(folder, "gc", "--quiet")


def differences(one: Path, other: Path) -> list[str]:
    """The files in which two projects are not the same."""
    left, right = ladder.tree(one), ladder.tree(other)
    return sorted(name for name in left.keys() | right.keys() if left.get(name) != right.get(name))


def compared(mine: list[Took], other: list[Took], most: float) -> str:
    """The medians of both sides, and their ratios, in words."""
    words = []
    for name in Took._fields:
        one, two = (median(getattr(took, name) for took in side) for side in (mine, other))
        verdict = "met" if one / two <= most else "MISSED"
        words.append(f"{name} {one:.2f} s against {two:.2f} s = {one / two:.2f} ({verdict})")
    return f"{', '.join(words)}; at most {most}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    level = max(ladder.questions()["level"]["choices"].values())
    data = [f"--data={name}={value}" for name, value in ANSWERS.items()]
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch)
        ladder.clone(base / "ladder")
        ladder.git(base / "ladder", "gc", "--quiet")
        plain(base / "ladder", base / "plain", level)
        low = {"ladder": [*data, f"--data=level={level - 1}"], "plain": ["--vcs-ref=0.1.0"]}
        high = {"ladder": [*data, f"--data=level={level}"], "plain": ["--vcs-ref=0.2.0"]}
        up = {
            "ladder": ["--vcs-ref=:current:", f"--data=level={level}"],
            "plain": ["--vcs-ref=0.2.0"],
        }
        for side in up:
            copier(base, "copy", *low[side], base / side, base / f"low-{side}")
            ladder.commit(base / f"low-{side}", "Start")
        taken: dict[tuple[str, str], list[Took]] = {}
        for number in range(rounds):
            for side in ("ladder", "plain") if number % 2 else ("plain", "ladder"):
                for made in MOST:
                    shutil.rmtree(base / f"{made}-{side}", ignore_errors=True)
                took = copier(base, "copy", *high[side], base / side, base / f"copy-{side}")
                taken.setdefault(("copy", side), []).append(took)
                shutil.copytree(base / f"low-{side}", base / f"update-{side}")
                took = copier(base / f"update-{side}", "update", "--context-lines", "100000", *up[side])
                taken.setdefault(("update", side), []).append(took)
            shutil.copytree(base / "low-ladder", base / "climb-ladder")
            wish = ("climb", base / "climb-ladder", f"--to={level}")
            took = timed(base, "mlops_ladder.cli", *wish, **WITHOUT_UV, PYTHONPATH=str(ROOT / "src"))
            taken.setdefault(("climb", "ladder"), []).append(took)
        taken["climb", "plain"] = taken["update", "plain"]
        for made, most in MOST.items():
            plain_one = base / f"{'copy' if made == 'copy' else 'update'}-plain"
            # The answers file is the only thing that may differ.
            assert differences(base / f"{made}-ladder", plain_one) == [".copier-answers.yml"]
            print(f"{made} to level {level}: {compared(taken[made, 'ladder'], taken[made, 'plain'], most)}")
        print(f"    {len(ladder.tree(base / 'copy-ladder'))} files, medians of {rounds} rounds")


if __name__ == "__main__":
    main()
