"""The page that compares automated features with the project's own, reports/features.html."""

import io
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .. import project
from ..pages import write_page

if TYPE_CHECKING:
    from rich.console import RenderableType


SWITCH = """\
To use the automated features, run `uv add skrub` and write into {path}:
  from lifecycle.data import vectorizer
  def build(params): return vectorizer.vectorizer(params)
"""


def shown(report: dict[str, Any]) -> Iterator["RenderableType"]:
    """The report, as people read it."""
    heading = f"importance in {report['metric']}"
    rows = [
        {
            "column": entry["column"],
            "becomes": entry["encoding"],
            "features": entry["features"],
            heading: f"{entry['importance']:.4g} ± {entry['spread']:.2g}",
        }
        for entry in report["columns"]
    ]
    yield project.table(rows)
    low, high = report["low"], report["high"]
    verdict = "better" if low > 0 else "worse" if high < 0 else "no clear difference"
    yield (
        f"automated against own features, {report['metric']} on {report['folds']} folds: "
        f"{report['difference']:+.4g}, 95% between {low:+.4g} and {high:+.4g}: {verdict}"
    )
    own, automated = report["milliseconds_a_row"].values()
    yield f"one prediction takes {automated:.1f} ms instead of {own:.1f} ms"


def write(report: dict[str, Any]) -> None:
    """Keep the report for programs and as a page for people."""
    from matplotlib.figure import Figure
    from rich.console import Console

    from ..development.training_report import svg

    best = report["columns"][:20][::-1]
    figure = Figure(figsize=(8, 1 + len(best) / 4), layout="constrained")
    axes = figure.add_subplot(xlabel=f"importance in {report['metric']}")
    axes.barh(
        [entry["column"] for entry in best],
        [entry["importance"] for entry in best],
        xerr=[entry["spread"] for entry in best],
    )
    console = Console(record=True, file=io.StringIO(), width=120, highlight=False)
    console.print(*shown(report), sep="\n")
    reports = project.root() / "reports"
    write_page("features", "Automated features", console, report, svg(figure))
    project.write_atomically(reports / "features.json", json.dumps(report, indent=1))
