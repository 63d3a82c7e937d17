"""Rows a second of `predict` on Parquet beside the model called on the same batches in memory, and its peak memory.

    python benchmarks/predict.py [--rows 1000000] [--rounds 3]

Both run in turn, each in a process of its own; the start of Python and of the libraries is not counted on either side,
reading and writing the files is. Peak memory is compared with that of a tenth of the rows.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import trained  # noqa: E402
from tests import ladder, tools  # noqa: E402

LEAST, FLAT = 0.8, 1.1
START = """
import contextlib, io, resource, sys, time
from pathlib import Path
import pandas as pd
from lifecycle.data import table
from lifecycle.deployment.predict import predict
from lifecycle.development import model
scorer = model.load()
source, target = map(Path, sys.argv[1:])
scorer.predict(next(table.batches(source, 1000)))
"""
COMMAND = """
start = time.perf_counter()
with contextlib.redirect_stdout(io.StringIO()):
    predict(source, target)
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
IN_MEMORY = """
batches = list(table.batches(source))
start = time.perf_counter()
answers = [scorer.predict(batch) for batch in batches]
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
ROWS = """
import sys
from lifecycle.data import table
from lifecycle.project import data_path
frame = table.read(data_path())
for rows, target in zip(map(int, sys.argv[1::2]), sys.argv[2::2]):
    from pathlib import Path
    with table.writer(Path(target)) as out:
        while rows:
            out.write(frame.head(rows))
            rows -= min(rows, len(frame))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    os.environ["PATH"] = tools.path()
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch)
        project = trained.project(base)
        some, all_rows = base / "some.parquet", base / "all.parquet"
        tenth = options.rows // 10
        ladder.run([python(project), "-c", ROWS, str(tenth), some, str(options.rows), all_rows], project)
        rounds = []
        for _ in range(options.rounds):
            command = measure(project, START + COMMAND, all_rows)
            rounds.append((measure(project, START + IN_MEMORY, all_rows)[0] / command[0], *command))
        ratio, seconds, peak = (median(figures) for figures in zip(*rounds, strict=True))
        verdict = "met" if ratio >= LEAST else "MISSED"
        print(f"{options.rows} rows in {seconds:.1f} s, {options.rows / seconds:.0f} rows/s", end=" ")
        print(f"= {ratio:.2f} of the model in memory (at least {LEAST}: {verdict})")
        before = measure(project, START + COMMAND, some)[1]
        verdict = "met" if peak / before <= FLAT else "MISSED"
        print(f"peak memory {peak:.0f} MB, of a tenth of the rows {before:.0f} MB", end=" ")
        print(f"= {peak / before:.2f} (at most {FLAT}: {verdict})")


def python(project: Path) -> Path:
    return project / ".venv/bin/python"


def measure(project: Path, code: str, source: Path) -> tuple[float, float]:
    """The seconds and the peak memory in MB of a process."""
    done = subprocess.run(
        [python(project), "-c", code, source, source.with_name("out.parquet")],
        env={**os.environ, "PROJECT_ROOT": str(project)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    seconds, peak = map(float, done.stdout.split())
    return seconds, peak


if __name__ == "__main__":
    main()
