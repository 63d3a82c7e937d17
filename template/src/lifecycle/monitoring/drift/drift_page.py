"""The page of a drift report: what drifted most comes first, with both histograms of a column."""

import io
from html import escape
from typing import TYPE_CHECKING, Any

from ...pages import write_page
from ...project import table

if TYPE_CHECKING:
    from numpy import ndarray
    from rich.table import Table

    from .comparison import Change

WIDTH, HEIGHT, FOOT = 380, 130, 18
SIDES = (("reference", "#8a8f98"), ("current", "#2f6fb0"))


def overview(result: dict[str, Any]) -> "Table":
    """A line a column, as it is printed and as the page begins."""
    rows = [
        {
            "column": column["name"],
            "drifted": "YES" if column["drifted"] else "",
            "statistic": f"{column['statistic']:.2f}",
            "threshold": f"{column['threshold']:.2f}",
            "how": column["how"] if column["drifted"] else "",
            "PSI": f"{column['psi']:.3f}",
            "missing before": f"{column['missing_reference']:.1%}",
            "missing now": f"{column['missing_current']:.1%}",
        }
        for column in result["columns"]
    ]
    return table(rows)


def write(result: dict[str, Any], changes: "list[Change]") -> None:
    """Write reports/drift.html; it needs no other file."""
    from rich.console import Console

    console = Console(record=True, file=io.StringIO(), width=120, highlight=False)
    console.print(
        f"{result['rows']} rows of {result['source']} beside the {result['reference_rows']} rows "
        f"held out when {result['version']} was trained, {result['time']}.\n"
        "A column drifted if its difference is above the threshold, in standard errors: by itself, "
        "or against\nwhat the other columns lead one to expect. "
        "Of the reports of rows drawn from the reference, fewer than\none in twenty names any "
        "column; of those of new rows more do, where the reference holds few days or\ndays that "
        "resemble the next. PSI is shown for comparison and decides nothing.",
    )
    for finding in result["findings"]:
        if finding["kind"] != "drift":
            console.print(f"{finding['severity']}: {finding['text']}", markup=False)
    console.print(overview(result))
    cards = "".join(card(change) for change in changes)
    title = f"Drift: {len(result['drifted'])} of {len(changes)} columns drifted"
    write_page("drift", title, console, result, cards)


def card(change: "Change") -> str:
    """A column's name, its statistic beside the threshold, and the two histograms."""
    names, before = bars(change, change.reference)
    _, now = bars(change, change.current)
    highest = max(before.max(), now.max(), 1e-9)
    drawn = "".join(
        histogram(names, shares, highest, title, color)
        for shares, (title, color) in zip((before, now), SIDES, strict=True)
    )
    verdict = f"drifted, {change.how}" if change.drifted else "did not drift"
    head = f"<h3>{escape(change.column.name)} {verdict}</h3>"
    numbers = (
        f"<p>{change.statistic:.1f} standard errors, threshold {change.threshold:.1f}, "
        f"PSI {change.psi:.3f}</p>"
    )
    return f"{head}{numbers}<div style='display:flex;flex-wrap:wrap;gap:1rem'>{drawn}</div>"


def bars(change: "Change", shares: "ndarray") -> "tuple[list[str], ndarray]":
    """What a picture shows of the shares: bars of equal width, or the categories; then missing."""
    import numpy as np

    column = change.column
    if column.kind == "category":
        order = np.argsort(-change.reference[: len(column.labels)], kind="stable")[:18]
        rest = shares[:-1].sum() - shares[order].sum()
        names = [*(column.labels[i] for i in order), "others"]
        return [*names, "missing"], np.array([*shares[order], rest, shares[-1]])
    groups = np.append(np.searchsorted(column.bars, column.edges), len(column.bars))
    values = np.bincount(groups, shares[:-1], len(column.bars) + 1)
    names = [f"up to {end:.4g}" for end in column.bars] + ["above"]
    return [*names, "missing"], np.append(values, shares[-1])


def histogram(names: list[str], shares: "ndarray", highest: float, title: str, color: str) -> str:
    """Bars; the last one, for missing values, stands apart. A bar says what it is when touched."""
    step = WIDTH / (len(names) + 1)
    drawn = []
    for place, (label, share) in enumerate(zip(names, shares.tolist(), strict=True)):
        tall = share / highest * HEIGHT
        left = (place + (place == len(names) - 1)) * step
        fill = "#c0504d" if place == len(names) - 1 else color
        drawn.append(
            f"<rect x='{left:.1f}' y='{HEIGHT - tall + FOOT:.1f}' width='{step * 0.9:.1f}' "
            f"height='{tall:.1f}' fill='{fill}'><title>{escape(label)}: {share:.1%}</title></rect>"
        )
    ground = HEIGHT + FOOT
    return (
        f"<svg width='{WIDTH}' height='{ground + FOOT}' font-size='11' font-family='sans-serif'>"
        f"<text y='12'>{title}, highest bar {shares.max():.0%}</text>{''.join(drawn)}"
        f"<line x2='{WIDTH}' y1='{ground}' y2='{ground}' stroke='black'/>"
        f"<text y='{ground + 13}'>{escape(names[0])}</text>"
        f"<text x='{WIDTH}' y='{ground + 13}' text-anchor='end'>"
        f"{escape(', '.join(names[1:-1][-2:]))} | missing</text></svg>"
    )
