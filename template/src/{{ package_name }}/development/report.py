"""What a training achieved: the metrics beside a simple rule, per group, and in pictures."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..project import conf, root, write_page

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from rich.table import Table


def tables(facts: dict[str, Any]) -> list["Table"]:
    """The metrics of the model and the simple rule, then those of each group."""
    from rich.table import Table

    data = facts["data"]
    title = f"{facts['version']}: {data['test_rows']} rows held out, {data['split']}"
    overall = Table("metric", "model", "simple rule", title=title, title_justify="left")
    for metric, value in facts["metrics"].items():
        name = f"[bold]{metric} (decides)[/]" if metric == facts["primary"] else metric
        overall.add_row(name, f"{value:.4g}", f"{facts['baseline'].get(metric, float('nan')):.4g}")
    found = [overall]
    for column, groups in facts["groups"].items():
        by = Table(column, "rows", *facts["metrics"], title=f"by {column}", title_justify="left")
        for value, scores in groups.items():
            cells = [f"{scores[m]:.4g}" if m in scores else "" for m in facts["metrics"]]
            by.add_row(value, str(scores["rows"]), *cells)
        found.append(by)
    return found


def show(facts: dict[str, Any]) -> None:
    """Print the tables."""
    from rich import print as rich_print

    rich_print(*tables(facts), sep="\n")


def pictures(truth: "pd.Series", prediction: "pd.DataFrame") -> dict[str, "Figure"]:
    """Errors of numbers, or confusions of classes and how often each probability came true."""
    from matplotlib.figure import Figure
    from sklearn import metrics
    from sklearn.calibration import CalibrationDisplay

    def canvas(name: str) -> Any:
        figures[name] = Figure(figsize=(6, 4.5), layout="constrained")
        return figures[name].add_subplot(title=name)

    figures: dict[str, Figure] = {}
    guess = prediction["prediction"]
    if conf()["problem_type"] == "regression":
        metrics.PredictionErrorDisplay.from_predictions(
            truth, guess, kind="actual_vs_predicted", ax=canvas("predicted and actual values")
        )
        return figures
    truth = truth.astype(str)
    metrics.ConfusionMatrixDisplay.from_predictions(
        truth, guess.astype(str), ax=canvas("actual and predicted classes"), cmap="Blues"
    )
    chances = [column for column in prediction if column.startswith("probability_")]
    axes = canvas("calibration") if chances else None
    for column in chances[1:] if len(chances) == 2 else chances[:8]:
        label = column.removeprefix("probability_")
        CalibrationDisplay.from_predictions(
            truth == label, prediction[column], n_bins=10, strategy="quantile", name=label, ax=axes
        )
    return figures


def write(facts: dict[str, Any], figures: dict[str, "Figure"]) -> Path:
    """Write reports/training.html."""
    path = root() / "reports" / "training.html"
    write_page(path, f"Training of {facts['version']}", tables(facts), list(figures.values()))
    return path
