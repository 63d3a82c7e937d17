"""List the trainings that were recorded, newest first.

The experiment tracker is asked, so trainings that colleagues ran are listed too if it is shared.

Examples:
  {name} runs
  {name} runs --limit 3 --json
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import Any

from ..extensions import extends


@extends("command")
def command(parser: ArgumentParser) -> Callable[[Namespace], dict[str, Any]]:
    """The options of `runs`."""
    parser.add_argument("--limit", type=int, default=10, help="how many (default: 10)")
    return run


def run(arguments: Namespace) -> dict[str, Any]:
    """Ask the tracker and print a table."""
    from rich.console import Console
    from rich.table import Table

    from ..problem import part
    from .tracking import tracker

    found = tracker().runs(arguments.limit)
    metrics = part("metrics")
    table = Table("version", metrics.PRIMARY, "baseline", "data", "commit")
    for row in found:
        keys = (metrics.PRIMARY, f"baseline_{metrics.PRIMARY}")
        scores = [row["metrics"].get(key) for key in keys]
        table.add_row(
            row["version"],
            *("" if score is None else f"{score:.4f}" for score in scores),
            row["data_md5"][:8],
            row["commit"][:8],
        )
    Console().print(table)
    return {"runs": found}
