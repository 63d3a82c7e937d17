"""Check a table against conf/schema.yaml, and set bad rows aside with their reasons.

The first run writes the schema from the table. What is wrong with single rows sends these rows to
data/quarantine/; if they are more than the tolerance, or if the table as a whole is wrong, the exit
code is 1. Row numbers start at 1, without the header.

Examples:
  {name} validate
  {name} validate --data ../tables/may.csv
  {name} validate --renew
"""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import project
from ..extensions import extends
from ..maturity import Evidence, recent
from . import findings, schema, validation_page

if TYPE_CHECKING:
    from pandas import DataFrame

REASONS = "reasons_set_aside"


def validate(source: Path, out: Path | None = None, renew: bool = False) -> dict[str, Any]:
    """Check the table; returns the report that is kept as reports/validation.json.

    `findings` has an entry for each column and rule: {column, rule, rows, values}; `rows` is None
    where the table as a whole is wrong. If the table passes, its good rows are written to `out`,
    a table without bad rows byte for byte."""
    from . import ingest, table

    frame = table.read(source)
    rules, columns = schema.read()
    inferred = renew or not columns
    if inferred:
        schema.write(frame, rules.tolerance)
        rules, columns = schema.read()
    typed, found = findings.examine(frame, columns, rules.unique_rows)
    reasons = findings.by_row(found)
    version = project.md5(source)
    report: dict[str, Any] = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": {"path": str(source), "md5": version},
        "inferred": inferred,
        "rows": len(frame),
        "bad_rows": len(reasons),
        "tolerance": rules.tolerance,
        "quarantine": quarantine(frame, reasons, version, source.suffix) if reasons else None,
        "findings": found,
    }
    whole = all(finding["rows"] is not None for finding in found)
    report["passed"] = whole and len(reasons) <= rules.tolerance * len(frame)
    if report["passed"] and out and not reasons:
        report["out_md5"] = ingest.ingest(source, out)
    elif report["passed"] and out:
        with table.writer(out) as good:
            good.write(typed.drop(index=list(reasons)))
        report["out_md5"] = project.md5(out)
    validation_page.write(report, columns)
    return report


def quarantine(frame: "DataFrame", reasons: dict[int, list[str]], version: str, kind: str) -> str:
    """Keep bad rows as they came, with a column of reasons; returns where, in the project."""
    from . import table

    place = Path("data") / "quarantine" / f"{version[:8]}{kind}"
    bad = frame.iloc[list(reasons)]
    with table.writer(project.root() / place) as out:
        out.write(bad.assign(**{REASONS: ["; ".join(found) for found in reasons.values()]}))
    return place.as_posix()


@extends("evidence")
def evidence() -> Iterator[Evidence]:
    """D2a: the data of the newest model passed in the last 30 days."""
    from ..development import model

    kept = project.root() / "reports" / "validation.json"
    report = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    models, step = model.versions(), f"{project.name()} pipeline"
    learned = model.facts(models[-1])["data"]["md5"] if models else None
    if not report or not recent(report["time"]):
        yield Evidence("D2a", "missing", "no data was validated in 30 days", step)
    elif not report["passed"]:
        detail = f"{report['data']['path']} did not pass"
        yield Evidence("D2a", "missing", detail, "look at reports/validation.html")
    elif learned not in (None, report["data"]["md5"], report.get("out_md5")):
        detail = f"{models[-1]} learned from other data than what was validated"
        yield Evidence("D2a", "missing", detail, step)
    else:
        aside = f", {report['bad_rows']} set aside" if report["bad_rows"] else ""
        yield Evidence("D2a", "proven", f"{report['rows']} rows were validated{aside}")


@extends("command")
def command(parser: ArgumentParser) -> Callable[[Namespace], dict[str, Any]]:
    parser.add_argument("--data", type=Path, help="another table than the one in conf/data.yaml")
    parser.add_argument("--out", type=Path, help="where the good rows go, if the table passes")
    parser.add_argument("--renew", action="store_true", help="write the schema anew from the table")

    def run(arguments: Namespace) -> dict[str, Any]:
        from rich import print as show

        out = arguments.out and project.root() / arguments.out
        report = validate(arguments.data or project.data_path(), out, arguments.renew)
        show(*validation_page.shown(report), sep="\n")
        if report["inferred"]:
            print("conf/schema.yaml was written from this table. It is yours now:")
            print("look at it, correct it, and commit it.")
        return report | {"exit_code": 0 if report["passed"] else 1}

    return run
