"""Compare recent rows with those that the model was tested on, and name the columns that drifted.

The reference is the rows that were held out when the version was trained (split in your data.py):
the model was not fitted to them, so its predictions are as good as on new rows, and with a time
column they are the newest rows known to be good. Every feature and the prediction is compared,
missing values included; the time column is not, because it always drifts. The rows are those of
the prediction log that one version answered; or a table, for which predictions are made unless it
has them.

reports/drift.html shows the columns that drifted most first. At most 5% of the reports of rows
drawn from the reference name anything; of new rows more do, where the reference has few days.
Exit code 0: nothing was found, 1: something was, 2: nothing could be compared.

Examples:
  {name} drift
  {name} drift --since 1 --version 20261121-143501-3f2a
  {name} drift --data new.parquet
"""

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...extensions import extends
from ...maturity import Evidence, recent
from ...project import Failure, name
from .. import monitors
from ..monitors import Finding
from ..window import Window, from_log, from_table

if TYPE_CHECKING:
    from .comparison import Change

DAYS = 7


@lru_cache(maxsize=1)
def changes(window: Window) -> "tuple[int, list[Change]]":
    """How many rows were compared, and how each column differs from the reference.

    Raises Failure if there are too few rows."""
    from .comparison import compare
    from .reference import MIN_ROWS, compared
    from .reference_profile import Tally

    tally = Tally(window.reference)
    for batch in window.batches():
        tally.add(compared(batch), batch.times)
        print(f"\r{tally.rows} rows", end="", flush=True)
    period = "" if window.since is None else f" since {window.since:%Y-%m-%d %H:%M} UTC"
    print(f" of {window.source}, answered by {window.version}{period}")
    if tally.rows < MIN_ROWS:
        raise Failure(f"{tally.rows} rows are too few to compare: at least {MIN_ROWS} are needed")
    return tally.rows, compare(window.reference, tally)


@extends("monitor", precedence=100)
def drifted_columns(window: Window) -> Iterator[Finding]:
    """A finding for each column that drifted."""
    _, found = changes(window)
    for change in found:
        if change.drifted:
            numbers = {
                "statistic": round(change.statistic, 3),
                "threshold": round(change.threshold, 3),
                "psi": round(change.psi, 4),
            }
            text = f"{change.column.name} drifted, {change.how}"
            yield Finding(kind="drift", text=text, column=change.column.name, numbers=numbers)


def drift(path: Path | None, days: float, version: str | None) -> dict[str, Any]:
    """Compare and write the reports; returns what reports/drift.json holds."""
    from . import drift_page

    window = from_table(path, version) if path else from_log(days, version)
    findings = monitors.findings(window)
    rows, found = changes(window)
    report = {
        "format": monitors.FORMAT,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": window.version,
        "source": window.source,
        "rows": rows,
        "reference_rows": window.reference.rows,
        "drifted": [change.column.name for change in found if change.drifted],
        "findings": [finding.model_dump() for finding in findings],
        "columns": [change.summary() for change in found],
    }
    drift_page.write(report, found)
    monitors.write_report(report)
    return report | {"exit_code": int(any(one.severity != "info" for one in findings))}


@extends("evidence")
def evidence() -> Iterator[Evidence]:
    """O2b: a drift report of the last 30 days."""
    step = f"{name()} drift"
    try:
        report = monitors.read_report()
    except Failure as error:
        yield Evidence("O2b", "missing", str(error), step)
        return
    if report and recent(report.time.isoformat()):
        drifted = ", ".join(report.drifted) or "nothing"
        detail = f"{report.rows} rows compared on {report.time:%Y-%m-%d}: {drifted} drifted"
        yield Evidence("O2b", "proven", detail)
    else:
        yield Evidence("O2b", "missing", "no drift report in 30 days", step)


@extends("command")
def command(parser: ArgumentParser) -> Callable[[Namespace], dict[str, Any]]:
    parser.add_argument(
        "--data", metavar="FILE", type=Path, help="a table ($DRIFT_DATA); else the log"
    )
    parser.add_argument(
        "--since", metavar="DAYS", type=float, default=DAYS, help=f"of the log (default: {DAYS})"
    )
    parser.add_argument(
        "--version", help="the version to look at (default: the newest, or the one in the log)"
    )

    def run(arguments: Namespace) -> dict[str, Any]:
        from rich import print as show

        from .drift_page import overview

        named = os.environ.get("DRIFT_DATA")
        path = arguments.data or (Path(named) if named else None)
        report = drift(path, arguments.since, arguments.version)
        show(overview(report))
        for finding in report["findings"]:
            if finding["kind"] != "drift":
                print(f"{finding['severity']}: {finding['text']}")
        print(f"drifted: {', '.join(report['drifted']) or 'nothing'}; page: reports/drift.html")
        return report

    return run
