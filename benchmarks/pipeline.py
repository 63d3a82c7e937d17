"""What the pipeline costs on top of its work: with nothing changed, and beside the fits that it makes.

python benchmarks/pipeline.py [--rounds 5]

The work is what the stages would take by themselves: one fit for train, and those of the search and of the comparison.
A run with nothing changed is also told as a multiple of the import of DVC, the least that one can take on this machine.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests import ladder  # noqa: E402

MOST_SECONDS = 3.0
MOST_RATIO = 2.0
ENV = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE", "PROJECT_ROOT")}
# The seconds of one fit of the project's model on 16,000 rows, in a process that has everything imported.
FIT = """
import time
from lifecycle import project
from lifecycle.data import describe
from lifecycle.development import model
from my_model import data
frame = data.load(project.data_path())
role, (rows, *_) = describe.roles(frame), data.split(frame)
seconds = []
for _ in range(6):
    began = time.monotonic()
    model.fit(rows[role.features], rows[role.target], project.params())
    seconds.append(time.monotonic() - began)
print(sorted(seconds[1:])[2])
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch) / "project"
        ladder.clone(Path(scratch) / "template")
        ladder.render(Path(scratch) / "template", project, {"project_name": "My model", "level": 2})
        ladder.commit(project, "Start")
        ladder.run(["uv", "sync", "--quiet"], project)
        binaries = project / ".venv" / "bin"
        pipeline = [str(binaries / "my-model"), "pipeline", "--json"]
        whole, stages = timed(pipeline, project)
        pairs = [(timed(pipeline, project)[0], imported(binaries)) for _ in range(rounds)]
        cached, least = (median(seconds) for seconds in zip(*pairs, strict=True))
        fit = float(ladder.run([binaries / "python", "-c", FIT], project).stdout)
        # train makes one fit, features two a fold, tune one a fold of a trial; the rest makes none.
        tune = yaml.safe_load((project / "conf" / "tune.yaml").read_text(encoding="utf-8"))
        fits = 1 + 2 * 5 + tune["trials"] * tune["folds"]
        for stage in stages:
            print(f"  {stage['stage']}: {stage['seconds']} s")
        print(f"nothing changed: {cached:.2f} s (at most {MOST_SECONDS}: {verdict(cached, MOST_SECONDS)})")
        print(f"  = {cached / least:.2f} of importing DVC, {least:.2f} s")
        ratio = whole / (fits * fit)
        print(f"whole run: {whole:.0f} s = {ratio:.2f} of its {fits} fits of {fit:.2f} s one after the other")
        print(f"  (at most {MOST_RATIO}: {verdict(ratio, MOST_RATIO)})")


def timed(command: list[str], folder: Path) -> tuple[float, list[dict[str, object]]]:
    """The seconds of a run, and what it says of its stages."""
    began = time.monotonic()
    done = subprocess.run(command, cwd=folder, env=ENV, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{command} ended with {done.returncode}\n{done.stderr[-3000:]}")
    return time.monotonic() - began, json.loads(done.stdout)["stages"]


def imported(binaries: Path) -> float:
    """The seconds of a process that imports what runs the stages."""
    began = time.monotonic()
    ladder.run([binaries / "python", "-c", "import dvc.repo"], binaries)
    return time.monotonic() - began


def verdict(value: float, most: float) -> str:
    return "met" if value <= most else "MISSED"


if __name__ == "__main__":
    main()
