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
    """Prediction errors of numbers; the confusion matrix and calibration curves of classes.

    scikit-learn would draw the same, but importing it takes longer than all of this."""
    assert run.y_true is not None and run.y_pred is not None
    y_true, predicted = run.y_true, run.y_pred["prediction"]
    if run.facts["problem_type"] == "regression":
        return {"prediction_error": prediction_error(y_true, predicted)}
    y_true = y_true.astype(str)
    figures = {"confusion_matrix": confusion_matrix(y_true, predicted.astype(str))}
    columns = [column for column in run.y_pred if column.startswith("probability_")]
    if columns:
        shown = run.y_pred[columns[1:] if len(columns) == 2 else columns[:8]]
        figures["calibration"] = calibration(y_true, shown)
    return figures


def canvas(title: str) -> tuple["Figure", Any]:
    """A figure, and where to draw on it."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4.5), layout="constrained")
    return figure, figure.add_subplot(title=title)


def prediction_error(y_true: "Series", predicted: "Series") -> "Figure":
    """The true number of each row over the predicted one, at most 1,000 rows."""
    figure, axes = canvas("prediction error")
    rows = y_true.reset_index(drop=True).sample(min(1000, len(y_true)), random_state=0).index
    axes.scatter(predicted.iloc[rows], y_true.iloc[rows], alpha=0.6)
    ends = [min(y_true.min(), predicted.min()), max(y_true.max(), predicted.max())]
    axes.plot(ends, ends, "--", color="black")
    axes.set(xlabel="predicted", ylabel="true")
    return figure


def confusion_matrix(y_true: "Series", predicted: "Series") -> "Figure":
    """How many rows of each true class were predicted as which."""
    import pandas as pd

    figure, axes = canvas("confusion matrix")
    labels = sorted({*y_true, *predicted})
    counts = pd.crosstab(y_true.to_numpy(), predicted.to_numpy())
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


def calibration(y_true: "Series", probabilities: "DataFrame") -> "Figure":
    """Ten groups of rows by the probability of a class: its mean, and how often it came true."""
    import numpy as np

    figure, axes = canvas("calibration")
    axes.plot([0, 1], [0, 1], ":", color="black", label="perfect")
    for column in probabilities:
        label = column.removeprefix("probability_")
        order = probabilities[column].to_numpy().argsort()
        groups = np.array_split(order, min(10, len(order)))
        means = [probabilities[column].iloc[rows].mean() for rows in groups]
        shares = [(y_true.iloc[rows] == label).mean() for rows in groups]
        axes.plot(means, shares, "s-", label=label)
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
