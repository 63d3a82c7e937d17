"""The metrics of the model, the baseline and the champion on the same rows, with intervals."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...problem import score
from . import intervals
from .intervals import Interval

if TYPE_CHECKING:
    from pandas import DataFrame, Series

    from .measure_settings import Measure

Scores = dict[str, dict[str, float]]


@dataclass
class Sample:
    """Held-out rows: what happened, and the predictions for them by who made them (`model`,
    `baseline`, and `champion` if there is one)."""

    y_true: "Series"
    predictions: "dict[str, DataFrame]"
    weights: "Series | None" = None

    def take(self, positions: np.ndarray) -> "Sample":
        """The rows at these positions, under new numbers."""
        return Sample(
            self.y_true.take(positions).reset_index(drop=True),
            {
                name: frame.take(positions).reset_index(drop=True)
                for name, frame in self.predictions.items()
            },
            None if self.weights is None else self.weights.take(positions).reset_index(drop=True),
        )

    def scores(self) -> Scores:
        """{who: {metric: value}}"""
        return {
            name: score(self.y_true, frame, self.weights)
            for name, frame in self.predictions.items()
        }

    def losses(self) -> np.ndarray:
        """How wrong the model is in each row: the absolute error, or the probability missed."""
        y_true, y_pred = self.y_true, self.predictions["model"]
        if y_true.dtype.kind in "iuf" and len(y_pred.columns) == 1:
            return np.abs(y_true.to_numpy(float) - y_pred["prediction"].to_numpy(float))
        loss = (y_true.astype(str) != y_pred["prediction"].astype(str)).to_numpy(float)
        for column in y_pred.columns[1:]:
            rows = (y_true.astype(str) == column.removeprefix("probability_")).to_numpy()
            loss[rows] = 1 - y_pred.loc[rows, column]
        return loss


@dataclass
class Resampled:
    """Scores on all rows and on each resample of them."""

    whole: Scores
    resamples: list[Scores]
    confidence: float

    def metrics(self, name: str, less: str | None = None) -> dict[str, Interval]:
        """The intervals of one's metrics, or of their differences to another's on the same rows:
        what makes rows easy or hard for both drops out of a difference."""

        def figure(scores: Scores, metric: str) -> float:
            other = scores[less].get(metric, np.nan) if less else 0.0
            return scores[name].get(metric, np.nan) - other

        return {
            metric: intervals.interval(
                figure(self.whole, metric),
                [figure(scores, metric) for scores in self.resamples],
                self.confidence,
            )
            for metric in self.whole["model"]
        }

    def comparison(self, name: str) -> dict[str, Any]:
        """Another's metrics, and how much larger the model's are."""
        return {"metrics": self.metrics(name), "difference": self.metrics("model", less=name)}


def measured(sample: Sample, measure: "Measure", in_time: bool) -> dict[str, Any]:
    """block_rows, metrics, baseline and champion of an evaluation.

    `in_time`: the rows are in order of time, so that neighbours may resemble each other."""
    from rich.progress import track

    block = intervals.block_length(sample.losses()) if in_time else 1
    drawn = intervals.resampled(len(sample.y_true), measure.resamples, block)
    resamples = [
        sample.take(positions).scores()
        for positions in track(drawn, "resampling", total=measure.resamples, transient=True)
    ]
    found = Resampled(sample.scores(), resamples, measure.confidence)
    return {
        "block_rows": block,
        "metrics": found.metrics("model"),
        "baseline": found.comparison("baseline"),
        "champion": found.comparison("champion") if "champion" in sample.predictions else None,
    }
