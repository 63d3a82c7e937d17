"""Check a table against conf/schema.yaml, and set bad rows aside with their reasons.

The first run writes the schema from the table. What is wrong with single rows sends these rows to
data/quarantine/; if they are more than the tolerance, or if the table as a whole is wrong, the exit
code is 1. Row numbers start at 1, without the header.

Examples:
  {name} validate
  {name} validate --data ../tables/may.csv
  {name} validate --renew
"""

import io
import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import project
from ..extensions import extends
from ..maturity import Evidence, recent
from ..pages import write_page
from . import schema

if TYPE_CHECKING:
    from pandas import DataFrame
    from rich.console import RenderableType

REASONS = "reasons_set_aside"
SHOWN = 10  # rows of each finding that are printed


def validate(source: Path, out: Path | None = None, renew: bool = False) -> dict[str, Any]:
    """Check the table; returns the report that is kept as reports/validation.json.

    `findings` has an entry for each column and rule: {column, rule, rows, values}; `rows` is None
    where the table as a whole is wrong. If the table passes, its good rows are written to `out`,
    a table without bad rows byte for byte."""
    from . import ingest, table

    frame = table.read(source)
    rules = schema.read()
    inferred = renew or not rules.columns
    if inferred:
        schema.write(frame, rules.tolerance)
        rules = schema.read()
    typed, findings = examine(frame, rules)
    reasons = by_row(findings)
    version = project.md5(source)
    report: dict[str, Any] = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": {"path": str(source), "md5": version},
        "inferred": inferred,
        "rows": len(frame),
        "bad_rows": len(reasons),
        "tolerance": rules.tolerance,
        "quarantine": quarantine(frame, reasons, version, source.suffix) if reasons else None,
        "findings": findings,
    }
    whole = all(finding["rows"] is not None for finding in findings)
    report["passed"] = whole and len(reasons) <= rules.tolerance * len(frame)
    if report["passed"] and out and not reasons:
        report["out_md5"] = ingest.ingest(source, out)
    elif report["passed"] and out:
        with table.writer(out) as good:
            good.write(typed.drop(index=list(reasons)))
        report["out_md5"] = project.md5(out)
    write(report, rules)
    return report


def examine(frame: "DataFrame", rules: schema.Rules) -> tuple["DataFrame", list[dict[str, Any]]]:
    """The table in the schema's types, and what is wrong with it."""
    ignored = project.conf().get("ignore") or []
    columns, findings = rules.columns, []
    for name in columns:
        if name not in frame:
            findings.append(finding(name, "the column is missing"))
    for name in frame:
        if name not in columns and name not in ignored:
            findings.append(finding(name, "the schema does not know this column"))
    typed, fitting = frame.copy(), {}
    for name, spec in columns.items():
        if name in frame:
            values = schema.as_type(frame[name], spec["type"])
            wrong = values.isna() & frame[name].notna()
            if 2 * wrong.sum() > frame[name].notna().sum():
                example = frame[name][wrong].iloc[0]
                findings.append(finding(name, f"holds {example!r}, not {spec['type']}"))
                continue
            if wrong.any():
                findings.append(finding(name, f"not {spec['type']}", frame[name][wrong]))
            # A value of the wrong type was told of: it is not missing, too.
            fitting[name] = spec | {"nullable": spec.get("nullable", False) or bool(wrong.any())}
            if wrong.any() and not spec.get("nullable") and (gaps := frame[name].isna()).any():
                findings.append(finding(name, "missing", frame[name][gaps]))
            typed[name] = values
    findings += violations(typed[list(fitting)], fitting)
    if rules.unique_rows and (twins := frame.duplicated()).any():
        findings.append(finding("(row)", "a copy of an earlier row", frame.iloc[:, 0][twins]))
    findings += leaks(typed, fitting)
    return typed, findings


def finding(column: str, rule: str, values: Any = None) -> dict[str, Any]:
    """An entry of the report; `values` is a series of what was found, by row."""
    entry: dict[str, Any] = {"column": str(column), "rule": rule, "rows": None, "values": []}
    if values is not None:
        entry["rows"] = [int(row) + 1 for row in values.index]
        entry["values"] = [str(value) for value in values.head(SHOWN)]
    return entry


def violations(frame: "DataFrame", columns: dict[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What Pandera finds, one entry a column and rule."""
    import pandera.pandas as pa

    try:
        schema.checks(columns).validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        names = {"not_nullable": "missing", "field_uniqueness": "comes twice"}
        cases = errors.failure_cases.assign(index=errors.failure_cases["index"].astype(int))
        for (column, check), found in cases.groupby(["column", "check"], sort=False):
            values = found.set_index("index")["failure_case"].sort_index()
            yield finding(column, names.get(check, check), values)


def leaks(frame: "DataFrame", columns: dict[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Columns that nearly tell the target, and so will not be there when a prediction is made."""
    from . import describe

    settings = project.conf()
    target, key = settings["target"], settings.get("id_column")
    if target not in columns:
        return
    sample = frame.sample(min(len(frame), 5_000), random_state=0).dropna(subset=[target])
    for name, spec in columns.items():
        apart = name in (target, key) or spec.get("copies_target")
        if not apart and describe.copies(sample[name], sample[target]):
            yield finding(name, f"nearly a copy of {target}: add it to `ignore` in conf/data.yaml")


def by_row(findings: list[dict[str, Any]]) -> dict[int, list[str]]:
    """The reasons against each bad row, by its position."""
    reasons: dict[int, list[str]] = {}
    for entry in findings:
        for row in entry["rows"] or []:
            reasons.setdefault(row - 1, []).append(f"{entry['column']}: {entry['rule']}")
    return dict(sorted(reasons.items()))


def quarantine(frame: "DataFrame", reasons: dict[int, list[str]], version: str, kind: str) -> str:
    """Keep bad rows as they came, with a column of reasons; returns where, in the project."""
    from . import table

    place = Path("data") / "quarantine" / f"{version[:8]}{kind}"
    bad = frame.iloc[list(reasons)]
    with table.writer(project.root() / place) as out:
        out.write(bad.assign(**{REASONS: ["; ".join(found) for found in reasons.values()]}))
    return place.as_posix()


def write(report: dict[str, Any], rules: schema.Rules) -> None:
    """Keep the report for programs and as a page for people."""
    from rich.console import Console

    reports = project.root() / "reports"
    console = Console(record=True, file=io.StringIO(), width=120, highlight=False)
    console.print(*shown(report))
    console.print("\nWhat was asked of each column (conf/schema.yaml):")
    bad = {entry["column"] for entry in report["findings"]}
    asked = []
    for name, rule in rules.columns.items():
        words = {key: "yes" if value is True else value for key, value in rule.items()}
        if "values" in words:
            words["values"] = ", ".join(map(str, words["values"]))
        asked.append({"": "✗" if name in bad else "✓", "column": name} | words)
    console.print(project.table(asked))
    write_page("validation", "Validation of the data", console, report)
    project.write_atomically(reports / "validation.json", json.dumps(report, indent=1))


def shown(report: dict[str, Any]) -> Iterator["RenderableType"]:
    """The verdict and the findings, as people read them."""
    from rich.text import Text

    verdict = "passed" if report["passed"] else "did not pass"
    allowed = f"{report['tolerance']:.1%} may be bad"
    yield Text(
        f"{report['data']['path']} {verdict}: {report['bad_rows']} of {report['rows']} rows are "
        f"bad, {allowed}",
        style="green" if report["passed"] else "red",
    )
    rows = []
    for entry in report["findings"]:
        found = [] if entry["rows"] is None else entry["rows"]
        first = zip(found, entry["values"], strict=False)
        rows.append(
            {
                "column": Text(entry["column"]),
                "what is wrong": Text(entry["rule"]),
                "rows": "table" if entry["rows"] is None else len(found),
                "first rows": Text(", ".join(f"{row}: {value}" for row, value in first)),
            }
        )
    if rows:
        yield project.table(rows)
    if report["quarantine"]:
        yield Text(f"The bad rows are in {report['quarantine']}, with their reasons.")


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
        show(*shown(report), sep="\n")
        if report["inferred"]:
            print("conf/schema.yaml was written from this table. It is yours now:")
            print("look at it, correct it, and commit it.")
        return report | {"exit_code": 0 if report["passed"] else 1}

    return run
