"""How much faster `tune` is with two workers than with one, with one thread each and with two for the one.

    python benchmarks/tune.py [--trials 16] [--rounds 3]

Each search starts anew on the bundled flights, in turn; the start of Python and of the workers is counted.
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests import ladder, tools  # noqa: E402

LEAST = 1.6
WAYS = {"two workers": ("2", "1"), "one worker, one thread": ("1", "1"), "one worker, two threads": ("1", "2")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    os.environ["PATH"] = tools.path()
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch) / "project"
        ladder.clone(Path(scratch) / "template")
        ladder.render(Path(scratch) / "template", project, {"project_name": "My model", "level": 2})
        ladder.commit(project, "Start")
        ladder.run(["uv", "sync", "--quiet"], project)
        search(project, "1", "1", 2)  # MLflow's database, and the compiled modules
        for _ in range(options.rounds):
            for way, (workers, threads) in WAYS.items():
                seconds[way].append(search(project, workers, threads, options.trials))
                print(f"{way}: {seconds[way][-1]:.1f} s", flush=True)
    two, *others = (median(seconds[way]) for way in WAYS)
    for way, one in zip(list(WAYS)[1:], others, strict=True):
        met = "met" if one / two >= LEAST else "missed"
        print(f"speed-up of two workers over {way}: {one / two:.2f} (target at least {LEAST}): {met}")


def search(project: Path, workers: str, threads: str, trials: int) -> float:
    """Seconds of a search from nothing."""
    (project / "tuning" / "trials.db").unlink(missing_ok=True)
    shutil.rmtree(project / "reports", ignore_errors=True)
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "LOKY_MAX_CPU_COUNT")
    command = [project / ".venv/bin/my-model", "tune", "--trials", str(trials), "--workers", workers]
    start = perf_counter()
    ladder.run(command, project, **dict.fromkeys(names, threads))
    return perf_counter() - start


if __name__ == "__main__":
    main()
