"""The page about the last validation, reports/validation.html."""

import io
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .. import project
from ..pages import write_page

if TYPE_CHECKING:
    from rich.console import RenderableType

    from .schema import Column


def write(report: dict[str, Any], columns: "dict[str, Column]") -> None:
    """Keep the report for programs and as a page for people."""
    from rich.console import Console

    reports = project.root() / "reports"
    console = Console(record=True, file=io.StringIO(), width=120, highlight=False)
    console.print(*shown(report))
    console.print("\nWhat was asked of each column (conf/schema.yaml):")
    bad = {entry["column"] for entry in report["findings"]}
    asked = []
    for name, rule in columns.items():
        asked_of = rule.model_dump(exclude_unset=True)
        words = {key: "yes" if value is True else value for key, value in asked_of.items()}
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
