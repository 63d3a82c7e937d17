"""The page of an evaluation: reports/evaluation.html."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import project
from ..pages import write_page
from .training_report import svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.table import Table

    from .evaluation.intervals import Interval

COLORS = {"model": "#1f77b4", "champion": "#2ca02c", "baseline": "#7f7f7f"}


def write(found: dict[str, Any]) -> Path:
    """Print the tables, and write them and the pictures on a page that needs no other file."""
    from rich.console import Console

    console = Console(record=True, highlight=False, width=120)
    data, champion = found["data"], found["champion"]
    against = f"the champion {champion['version']}" if champion else "no champion yet"
    drawn_in = f"blocks of {found['block_rows']} rows" if found["block_rows"] > 1 else "single rows"
    console.print(
        f"{data['test_rows']} held-out rows of {data['path']} (version {data['md5']}), beside "
        f"the baseline and {against}.\n{found['primary']} decides. Brackets hold "
        f"{found['settings']['confidence']:.0%} intervals from a bootstrap of {drawn_in}."
    )
    if not found["same_data"]:
        console.print("The model learned from another table: it may know these rows.", style="red")
    console.print(*tables(found), sep="\n")
    drawn = "\n".join(svg(figure) for figure in pictures(found))
    return write_page("evaluation", f"Evaluation of {found['version']}", console, found, drawn)


def tables(found: dict[str, Any]) -> "Iterator[Table | str]":
    """Metrics, slices, behaviour, latency and size."""
    champion = found["champion"]
    yield project.table(
        [
            {
                "metric": name,
                "model": shown(value),
                "less the baseline": shown(found["baseline"]["difference"][name]),
                "less the champion": shown(champion["difference"][name]) if champion else "",
            }
            for name, value in found["metrics"].items()
        ]
    )
    if found["slices"]:
        yield project.table([slice_row(one, found["primary"]) for one in found["slices"]])
    yield project.table(
        [
            {"behaviour": one["name"], "": "holds" if one["passed"] else "broken"}
            | {"found": one["detail"]}
            for one in found["behaviour"]
        ]
    )
    for rows, taken in found["latency_ms"].items():
        many = "row" if rows == "1" else "rows"
        yield f"{rows} {many}: p50 {taken['p50']:.2f} ms, p99 {taken['p99']:.2f} ms"
    yield f"size: {found['bytes'] / 1e6:.2f} MB"


def slice_row(one: dict[str, Any], primary: str) -> dict[str, str]:
    value = one["metrics"].get(primary)
    return {
        "slice": f"{one['column']} = {one['value']}",
        "rows": str(one["rows"]),
        primary: "cannot be computed" if value is None else f"{value:.4g}",
        "less all rows": shown(one["difference"]) if one["judged"] else "too few rows to judge",
    }


def shown(value: "Interval") -> str:
    """0.67 [0.65, 0.69]; or that it cannot be computed."""
    if value["value"] is None:
        return "cannot be computed"
    if value["low"] is None or value["high"] is None:
        return f"{value['value']:.4g} [no interval]"
    return f"{value['value']:.4g} [{value['low']:.4g}, {value['high']:.4g}]"


def pictures(found: dict[str, Any]) -> "Iterator[Figure]":
    """Every metric beside those of the others, and the slices beside the whole."""
    from matplotlib.figure import Figure

    champion = found["champion"]
    rows = {"model": found["metrics"], "baseline": found["baseline"]["metrics"]}
    rows |= {"champion": champion["metrics"]} if champion else {}
    figure = Figure(figsize=(10, 1 + 0.7 * len(found["metrics"])), layout="constrained")
    axes = figure.subplots(-(-len(found["metrics"]) // 2), 2, squeeze=False).ravel()
    for metric, axis in zip(found["metrics"], axes, strict=False):
        for place, (who, metrics) in enumerate(rows.items()):
            bar(axis, place, metrics[metric], COLORS[who])
        axis.set(title=metric, yticks=range(len(rows)), yticklabels=list(rows))
        axis.set_ylim(len(rows) - 0.5, -0.5)
    for axis in axes[len(found["metrics"]) :]:
        axis.set_axis_off()
    yield figure
    judged = [one for one in found["slices"] if one["judged"]]
    if judged:
        figure = Figure(figsize=(10, 1.2 + 0.25 * len(judged)), layout="constrained")
        axis = figure.add_subplot(title=f"{found['primary']} of a slice, less that of all rows")
        for place, one in enumerate(judged):
            bar(axis, place, one["difference"], COLORS["model"])
        names = [f"{one['column']} = {one['value']}" for one in judged]
        axis.set(yticks=range(len(judged)), yticklabels=names)
        axis.set_ylim(len(judged) - 0.5, -0.5)
        axis.axvline(0, color="black", linewidth=0.8)
        yield figure


def bar(axis: Any, place: int, value: "Interval", color: str) -> None:
    """A value and its interval as a point on a line."""
    if value["value"] is None:
        axis.text(0.5, place, "cannot be computed", transform=axis.get_yaxis_transform())
        return
    axis.plot(value["value"], place, "o", color=color)
    if value["low"] is not None:
        axis.plot([value["low"], value["high"]], [place, place], "-", color=color)
