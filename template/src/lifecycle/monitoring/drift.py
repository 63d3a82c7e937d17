"""Compare recent rows with those that the model was tested on, and say what moved.

The reference is the rows that were held out when the version was trained (split in your data.py):
the model did not learn from them, so its predictions are what they are for new rows, and with a
time column they are the newest rows known to be good. Every feature and the prediction is
compared, missing values included; the time column is not, because it always moves. Rows are taken
from the prediction log, those that one version answered; or from a table, to which the predictions
are added unless it has them.

reports/drift.html shows the columns that moved most first. In at most 5% of the reports of rows
drawn from the reference anything is named; of new rows in more, where the reference has few days.
Exit code 0: nothing moved, 1: something did, 2: nothing could be compared.

Examples:
  {name} drift
  {name} drift --since 1 --version 20261121-143501-3f2a
  {name} drift --data new.parquet
"""

import hashlib
import json
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import project
from ..extensions import extends
from ..maturity import Evidence, recent
from ..problem import part
from ..project import Failure, name, root

if TYPE_CHECKING:
    from pandas import DataFrame, Series

    from ..development.model import Model
    from .drift_statistics import Profile, Tally

FEWEST = 50  # rows on either side
DAYS = 7


def compared(
    scorer: "Model", frame: "DataFrame", said: "DataFrame | None" = None
) -> "tuple[DataFrame, Series | None]":
    """The columns to compare, and when each row was; `said` are predictions that are known.

    A date other than the time column is turned into the days since (or until) the row's time."""
    import pandas as pd

    from ..development.model import as_type

    rows = scorer.prepare(frame)
    if said is None:
        said = scorer.predict(rows)
    column = project.conf()["time_column"]
    times = rows.get(column, frame.get(column))
    if times is not None and times.dtype.kind not in "iuf":
        times = as_type(times, "datetime")
    dates = [c for c in rows if rows[c].dtype.kind == "M"]
    origin = times if times is not None and times.dtype.kind == "M" else pd.Timestamp(0)
    days = {date: (rows[date] - origin) / pd.Timedelta(days=1) for date in dates}
    rows = rows.assign(**days).drop(columns=[column], errors="ignore")
    chances = [c for c in said if c.startswith("probability_")]
    wanted = chances[1:] if len(chances) == 2 else chances or ["prediction"]
    for prediction in wanted:
        values = said[prediction]
        rows[prediction] = values if values.dtype.kind == "f" else values.astype(str).astype(object)
    return rows, times


def reference(scorer: "Model") -> "Profile":
    """The profile of the rows that were held out; kept in logs/drift/ until anything changes."""
    import joblib

    from . import drift_statistics

    sources = [Path(drift_statistics.__file__), Path(__file__), root() / "conf" / "data.yaml"]
    known = hashlib.md5(b"".join(path.read_bytes() for path in sources)).hexdigest()[:8]
    path = root() / "logs" / "drift" / f"{scorer.version}-{known}.joblib"
    try:
        kept: Profile = joblib.load(path)
        return kept
    except Exception:  # not there, or written by other versions of the libraries
        print(f"reading the rows that were held out when {scorer.version} was trained")
    frame = part("data").load(learned_from(scorer))
    _, test, *_ = part("data").split(frame)
    if len(test) < FEWEST:
        raise Failure(f"{len(test)} rows were held out: at least {FEWEST} are needed to compare")
    made = drift_statistics.profile(*compared(scorer, test))
    made.given(frozenset())  # the regressions are kept with the rest
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    joblib.dump(made, draft)
    draft.replace(path)
    return made


def learned_from(scorer: "Model") -> Path:
    """The table that a version learned from, known by its MD5."""
    copies = sorted((root() / "data").glob("*ed/table.*"))  # ingested, validated
    for path in [*copies, project.data_path()]:
        if project.md5(path) == scorer.facts["data"]["md5"]:
            return path
    raise Failure(
        f"the table that {scorer.version} learned from is not here any more (its MD5 is "
        f"{scorer.facts['data']['md5']}): bring it back, or run `{name()} train`"
    )


def from_table(path: Path, scorer: "Model", tally: "Tally") -> None:
    """Count the rows of a table; predictions that it holds are taken as they are."""
    from ..data import table

    labels = scorer.facts["labels"] or []
    held = ["prediction", *(f"probability_{label}" for label in labels)]
    for batch in table.batches(path):
        complete = all(column in batch for column in held)
        tally.add(*compared(scorer, batch, batch[held] if complete else None))
        print(f"\r{tally.rows} rows", end="", flush=True)
    print(f" of {path}")


def log_lines(days: float) -> Iterator[bytes]:
    """The lines of the prediction log of the last days."""
    from .prediction_log import folder_path

    oldest = datetime.fromtimestamp(datetime.now(UTC).timestamp() - days * 86_400, UTC)
    least = oldest.isoformat(timespec="milliseconds").encode()
    for path in sorted(folder_path().glob("*.jsonl")):
        if path.stem >= str(oldest.date()):
            with path.open("rb") as file:
                lines = (line for line in file if line.partition(b'"time":"')[2] >= least)
                yield from lines


def answering(days: float) -> str:
    """The version that answered most rows of the last days."""
    from collections import Counter

    parts = (line.partition(b'"model_version":"')[2] for line in log_lines(days))
    found = Counter(rest[: rest.find(b'"')].decode() for rest in parts)
    if not found:
        raise Failure(
            f"logs/predictions/ has no prediction of the last {days:g} days: let `{name()} serve` "
            "answer requests, or name a table with --data FILE or DRIFT_DATA"
        )
    return found.most_common(1)[0][0]


def from_log(days: float, scorer: "Model", tally: "Tally") -> None:
    """Count the rows of the prediction log that a version answered."""
    from itertools import islice

    import pandas as pd
    from pydantic_core import from_json

    def rows() -> Iterator[dict[str, Any]]:
        for line in log_lines(days):
            try:
                row = from_json(line)
            except ValueError:  # a line that a crash cut off
                continue
            if row["model_version"] == scorer.version:
                yield row

    entries, column = rows(), project.conf()["time_column"]
    while batch := list(islice(entries, 50_000)):
        said = pd.DataFrame({"prediction": [row["prediction"]["prediction"] for row in batch]})
        chances = pd.DataFrame([row["prediction"]["probabilities"] or {} for row in batch])
        said = said.join(chances.add_prefix("probability_"))
        frame = pd.DataFrame([row["features"] for row in batch])
        if column and column not in frame:
            frame[column] = [row["time"] for row in batch]
        tally.add(*compared(scorer, frame, said))
        print(f"\r{tally.rows} rows", end="", flush=True)
    print(f" answered by {scorer.version} in the last {days:g} days")


def drift(path: Path | None, days: float, version: str | None) -> dict[str, Any]:
    """Compare and write the reports; returns what reports/drift.json holds."""
    from ..development import model
    from . import drift_report
    from .drift_statistics import summary

    scorer = model.load(version or (None if path else answering(days)))
    profile = reference(scorer)
    tally = profile.tally()
    if path:
        from_table(path, scorer, tally)
    else:
        from_log(days, scorer, tally)
    if tally.rows < FEWEST:
        raise Failure(f"{tally.rows} rows are too few to compare: at least {FEWEST} are needed")
    changes = profile.compare(tally)
    result = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": scorer.version,
        "source": str(path) if path else "logs/predictions",
        "rows": tally.rows,
        "reference_rows": profile.rows,
        "drifted": [change.column.name for change in changes if change.drifted],
        "columns": [summary(change) for change in changes],
    }
    drift_report.write(result, changes)
    project.write_atomically(last(), json.dumps(result, indent=2))
    return result | {"exit_code": int(bool(result["drifted"]))}


def last() -> Path:
    """The last report, for programs."""
    return root() / "reports" / "drift.json"


@extends("evidence")
def evidence() -> Iterator[Evidence]:
    """O2b: a drift report of the last 30 days."""
    done = json.loads(last().read_text(encoding="utf-8")) if last().exists() else {}
    if done and recent(done["time"]):
        moved = ", ".join(done["drifted"]) or "nothing"
        detail = f"{done['rows']} rows compared on {done['time'][:10]}: {moved} moved"
        yield Evidence("O2b", "proven", detail)
    else:
        yield Evidence("O2b", "missing", "no drift report in 30 days", f"{name()} drift")


@extends("command")
def command(parser: ArgumentParser) -> Callable[[Namespace], dict[str, Any]]:
    parser.add_argument(
        "--data", metavar="FILE", type=Path, help="a table ($DRIFT_DATA); else the log"
    )
    parser.add_argument(
        "--since", metavar="DAYS", type=float, default=DAYS, help=f"of the log (default: {DAYS})"
    )
    parser.add_argument("--version", help="another than the newest, or the one in the log")

    def run(arguments: Namespace) -> dict[str, Any]:
        from rich import print as show

        from .drift_report import overview

        named = os.environ.get("DRIFT_DATA")
        path = arguments.data or (Path(named) if named else None)
        done = drift(path, arguments.since, arguments.version)
        show(overview(done))
        print(f"moved: {', '.join(done['drifted']) or 'nothing'}; page: reports/drift.html")
        return done

    return run
