"""The report of a training: its metrics and pictures on one page, reports/training.html."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..project import root, write_page
from .train import tables

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .train import Run


def page() -> Path:
    """Where the report of the last training is."""
    return root() / "reports" / "training.html"


def pictures(run: "Run") -> dict[str, "Figure"]:
    """Errors of numbers; or confusions of classes, and how often each probability came true."""
    from matplotlib.figure import Figure
    from sklearn import metrics
    from sklearn.calibration import CalibrationDisplay

    def canvas(name: str) -> Any:
        figures[name] = Figure(figsize=(6, 4.5), layout="constrained")
        return figures[name].add_subplot(title=name.replace("_", " "))

    assert run.truth is not None and run.prediction is not None
    figures: dict[str, Figure] = {}
    truth, guess = run.truth, run.prediction["prediction"]
    if run.facts["problem_type"] == "regression":
        metrics.PredictionErrorDisplay.from_predictions(
            truth, guess, kind="actual_vs_predicted", ax=canvas("prediction_error")
        )
        return figures
    truth = truth.astype(str)
    metrics.ConfusionMatrixDisplay.from_predictions(
        truth, guess.astype(str), ax=canvas("confusion_matrix"), cmap="Blues"
    )
    chances = [column for column in run.prediction if column.startswith("probability_")]
    axes = canvas("calibration") if chances else None
    for column in chances[1:] if len(chances) == 2 else chances[:8]:
        label = column.removeprefix("probability_")
        happened, chance = (truth == label).astype(int), run.prediction[column]
        CalibrationDisplay.from_predictions(
            happened, chance, pos_label=1, n_bins=10, strategy="quantile", name=label, ax=axes
        )
    return figures


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
    write_page(page(), f"Training {run.facts['version']}", console, drawn)
    return page()


def svg(figure: "Figure") -> str:
    """A figure as an element of a page."""
    text = io.StringIO()
    figure.savefig(text, format="svg")
    return text.getvalue().partition("<svg")[1] + text.getvalue().partition("<svg")[2]
