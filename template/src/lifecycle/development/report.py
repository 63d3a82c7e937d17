"""The report of a training: its metrics and pictures on one page, reports/training.html."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..pages import page_path, write_page
from .train import tables

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame, Series

    from .train import Run


def page() -> Path:
    """Where the report of the last training is."""
    return page_path("training")


def pictures(run: "Run") -> dict[str, "Figure"]:
    """Errors of numbers; or confusions of classes, and how often each probability came true.

    scikit-learn would draw the same, but importing it takes longer than all of this."""
    assert run.truth is not None and run.prediction is not None
    truth, guess = run.truth, run.prediction["prediction"]
    if run.facts["problem_type"] == "regression":
        return {"prediction_error": errors(truth, guess)}
    truth = truth.astype(str)
    figures = {"confusion_matrix": confusions(truth, guess.astype(str))}
    chances = [column for column in run.prediction if column.startswith("probability_")]
    if chances:
        shown = run.prediction[chances[1:] if len(chances) == 2 else chances[:8]]
        figures["calibration"] = calibration(truth, shown)
    return figures


def canvas(title: str) -> tuple["Figure", Any]:
    """A figure, and where to draw on it."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4.5), layout="constrained")
    return figure, figure.add_subplot(title=title)


def errors(truth: "Series", guess: "Series") -> "Figure":
    """The true number of each row over the predicted one, at most 1,000 rows."""
    figure, axes = canvas("prediction error")
    rows = truth.reset_index(drop=True).sample(min(1000, len(truth)), random_state=0).index
    axes.scatter(guess.iloc[rows], truth.iloc[rows], alpha=0.6)
    ends = [min(truth.min(), guess.min()), max(truth.max(), guess.max())]
    axes.plot(ends, ends, "--", color="black")
    axes.set(xlabel="predicted", ylabel="true")
    return figure


def confusions(truth: "Series", guess: "Series") -> "Figure":
    """How many rows of each true class were predicted as which."""
    import pandas as pd

    figure, axes = canvas("confusion matrix")
    labels = sorted({*truth, *guess})
    counts = pd.crosstab(truth.to_numpy(), guess.to_numpy())
    counts = counts.reindex(index=labels, columns=labels, fill_value=0)
    figure.colorbar(axes.imshow(counts, cmap="Blues"))
    places, middle = range(len(labels)), counts.to_numpy().max() / 2
    for row in places if len(labels) <= 20 else ():
        for column in places:
            count = counts.iloc[row, column]
            color = "white" if count > middle else "black"
            axes.text(column, row, count, ha="center", va="center", color=color)
    axes.set_xticks(places, labels, rotation="vertical" if len(labels) > 5 else "horizontal")
    axes.set_yticks(places, labels)
    axes.set(xlabel="predicted", ylabel="true")
    return figure


def calibration(truth: "Series", chances: "DataFrame") -> "Figure":
    """Ten groups of rows by the chance of a class: what was said, and how often it came true."""
    import numpy as np

    figure, axes = canvas("calibration")
    axes.plot([0, 1], [0, 1], ":", color="black", label="perfect")
    for column in chances:
        label = column.removeprefix("probability_")
        order = chances[column].to_numpy().argsort()
        groups = np.array_split(order, min(10, len(order)))
        said = [chances[column].iloc[rows].mean() for rows in groups]
        happened = [(truth.iloc[rows] == label).mean() for rows in groups]
        axes.plot(said, happened, "s-", label=label)
    axes.set(xlabel="mean predicted probability", ylabel="share that came true")
    axes.legend()
    return figure


def write(run: "Run", figures: dict[str, "Figure"]) -> Path:
    """Write the page; it needs no other file."""
    from rich.console import Console

    console = Console(record=True, file=io.StringIO(), width=120, highlight=False)
    data = run.facts["data"]
    console.print(
        f"{data['train_rows']} rows learned from, {data['test_rows']} held out: {data['split']}"
    )
    console.print(
        f"Data version {data['md5']}; {run.facts['primary']} decides.", *tables(run.facts)
    )
    drawn = "\n".join(svg(figure) for figure in figures.values())
    return write_page("training", f"Training {run.facts['version']}", console, run.facts, drawn)


def svg(figure: "Figure") -> str:
    """A figure as an element of a page."""
    text = io.StringIO()
    figure.savefig(text, format="svg")
    return text.getvalue().partition("<svg")[1] + text.getvalue().partition("<svg")[2]
