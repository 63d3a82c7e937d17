"""Seconds and peak memory of a drift report of Parquet rows with predictions, beside Evidently's.

    python benchmarks/drift.py [--rows 100000 1000000] [--most 10000000]

Both compare the same rows with the same reference (the rows held out in training), read the file and write a page, in
turn and each in a process of its own; the start of Python and of the libraries is not counted. The profile of the
reference is there already, as it is for the second report of a version. `--most` rows are compared by us alone, for
the memory.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests import ladder, tools  # noqa: E402

LEAST, FLAT = 10, 1.15
EVIDENTLY = ["evidently==0.7.23", "pandas<3"]
ROWS = """
import sys
from pathlib import Path
import pandas as pd
from lifecycle.data import dataset, table
from lifecycle.development import model
from lifecycle.monitoring.drift import reference
from lifecycle.project import data_path
scorer, frame = model.load(), table.read(data_path())
reference.profile_of(scorer)
_, test, _ = dataset.holdout(frame)
whole = scorer.prepare(frame).join(scorer.predict(frame))
test = scorer.prepare(test).join(scorer.predict(test))
test.to_parquet(sys.argv[1])
for rows, target in zip(map(int, sys.argv[2::2]), sys.argv[3::2]):
    with table.writer(Path(target)) as out:
        while rows:
            out.write(whole.head(rows))
            rows -= min(rows, len(whole))
"""
OURS = """
import contextlib, io, resource, sys, time
from pathlib import Path
import pydantic_core, rich.console
from lifecycle.data import table
from lifecycle.development import defaults, model
from lifecycle.monitoring.drift import comparison, drift, drift_page, reference
model.load()
start = time.perf_counter()
with contextlib.redirect_stdout(io.StringIO()):
    drift.drift(Path(sys.argv[2]), 7, None)
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
THEIRS = """
import resource, sys, time
import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset
left_out = ["scheduled_departure", "prediction", "probability_False"]
columns = list(pd.read_parquet(sys.argv[1]).drop(columns=left_out))
start = time.perf_counter()
reference, current = (pd.read_parquet(path, columns=columns) for path in sys.argv[1:3])
Report([DataDriftPreset()]).run(current, reference).save_html(sys.argv[3])
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--most", type=int, default=10_000_000)
    options = parser.parse_args()
    os.environ["PATH"] = tools.path()
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch)
        project, evidently = base / "project", base / "evidently"
        ladder.clone(base / "template")
        ladder.render(base / "template", project, {"project_name": "My model", "level": 2})
        ladder.commit(project, "Start")
        ladder.run(["uv", "sync", "--quiet"], project)
        python = project / ".venv/bin/python"
        ladder.run(["uv", "venv", "--quiet", "--python", python, evidently], base)
        ladder.run(["uv", "pip", "install", "--quiet", "--python", evidently, *EVIDENTLY], base)
        print("training", flush=True)
        ladder.run([project / ".venv/bin/my-model", "train"], project)
        files = {rows: base / f"{rows}.parquet" for rows in (*options.rows, options.most)}
        reference, page = base / "reference.parquet", base / "evidently.html"
        sizes = [part for rows, file in files.items() for part in (str(rows), file)]
        ladder.run([python, "-c", ROWS, reference, *sizes], project)
        peaks = {}
        for rows in options.rows:
            ours, peaks[rows] = measure(project, python, OURS, reference, files[rows])
            theirs, peak = measure(project, evidently / "bin/python", THEIRS, reference, files[rows], page)
            target = f"at least {LEAST} at a million: {'met' if theirs / ours >= LEAST else 'missed'}"
            print(
                f"{rows} rows: drift {ours:.2f} s, {peaks[rows]:.0f} MB; evidently {theirs:.2f} s, {peak:.0f} MB",
                end=" ",
            )
            print(f"= {theirs / ours:.1f} times as long ({target})", flush=True)
        seconds, peak = measure(project, python, OURS, reference, files[options.most])
        growth = peak / peaks[options.rows[-1]]
        print(f"{options.most} rows: drift {seconds:.2f} s, {peak:.0f} MB = {growth:.2f} of the memory of", end=" ")
        print(f"{options.rows[-1]} rows (at most {FLAT}: {'met' if growth <= FLAT else 'missed'})")


def measure(project: Path, python: Path, code: str, *files: Path) -> tuple[float, float]:
    """The seconds and the peak memory in MB of a process."""
    env = {**os.environ, "PROJECT_ROOT": str(project), "DO_NOT_TRACK": "1"}
    command = [python, "-W", "ignore", "-c", code, *files]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    seconds, peak = map(float, done.stdout.split()[-2:])
    return seconds, peak


if __name__ == "__main__":
    main()
