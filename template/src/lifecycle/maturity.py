"""Say which promises of its level the project keeps, from evidence of their use.

Examples:
  {name} maturity
  {name} maturity --html reports/maturity.html
"""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .extensions import extends, extensions
from .pages import write_page
from .project import PACKAGE, settings, table

if TYPE_CHECKING:
    from rich.table import Table

RECENT = timedelta(days=30)
COLORS = {"missing": "red", "unseen": "yellow", "proven": "green", "next rung": "white"}


@dataclass
class Evidence:
    """What was found for a capability: `proven`, `missing`, or `unseen` from this machine.

    A function with the mark `@extends("evidence")` takes nothing and returns a list of these."""

    id: str
    state: str
    detail: str
    next_step: str = ""


def recent(moment: str) -> bool:
    """Whether an ISO time with its zone lies within the last 30 days."""
    return datetime.now(UTC) - datetime.fromisoformat(moment) < RECENT


def scorecard() -> list[dict[str, Any]]:
    """The promises with their evidence, gaps first and the next rung last.

    Where several functions know something about one capability, the worst of it counts."""
    level = int(settings()["level"])
    rungs = json.loads((PACKAGE / "ladder.json").read_text(encoding="utf-8"))["rungs"][: level + 2]
    evidence = [item for evidence in extensions("evidence") for item in evidence()]
    rows = []
    for entry in ({"level": rung["level"], **row} for rung in rungs for row in rung["promises"]):
        known = [item for item in evidence if item.id == entry["id"]]
        known = known or [Evidence(entry["id"], "unseen", "nothing here can tell")]
        entry["state"] = next(s for s in COLORS if s in ["next rung", *(i.state for i in known)])
        if entry["level"] > level:
            entry["state"], known = "next rung", []
        entry["evidence"] = "; ".join(item.detail for item in known)
        entry["next_step"] = "; ".join(i.next_step for i in known if i.state == "missing")
        rows.append(entry)
    return sorted(rows, key=lambda entry: list(COLORS).index(entry["state"]))


def picture(rows: list[dict[str, Any]]) -> "Table":
    """The ladder: a column for each dimension, a step for each level, a tile for each promise."""
    ordered = sorted(rows, key=itemgetter("id"))
    blank = dict.fromkeys((row["dimension"] for row in ordered), "")
    steps = {row["level"]: {"level": row["level"]} | blank for row in ordered}
    for row in ordered:
        tile = f"[black on {COLORS[row['state']]}] {row['id']:4}[/]\n"
        steps[row["level"]][row["dimension"]] += tile
    return table([steps[level] for level in sorted(steps, reverse=True)])


@extends("command")
def command(parser: ArgumentParser) -> Callable[[Namespace], dict[str, Any]]:
    parser.add_argument("--html", metavar="FILE", type=Path, help="write a page with a picture")

    def run(arguments: Namespace) -> dict[str, Any]:
        from rich.console import Console

        rows = scorecard()
        proven, missing = (sum(row["state"] == s for row in rows) for s in ("proven", "missing"))
        shown = ("id", "capability", "state", "evidence", "next_step")
        here = [{key: row[key] for key in shown} for row in rows if row["state"] != "next rung"]
        above = ", ".join(row["capability"] for row in rows if row["state"] == "next rung")
        console = Console(record=True, width=120 if arguments.html else None)
        console.print(picture(rows))
        console.print(f"{proven} of {proven + missing} promises are proven", table(here))
        if above:
            console.print(f"The next rung brings {above}: see MATURITY.md. Climb with:")
            climb = f"uvx --from {settings()['template']} mlops-ladder climb --to"
            console.print(climb, rows[-1]["level"], soft_wrap=True)
        if arguments.html:
            write_page("maturity", "Maturity", console, rows, path=arguments.html)
            print(f"page: {arguments.html}")
        return {"proven": proven, "missing": missing, "capabilities": rows}

    return run
