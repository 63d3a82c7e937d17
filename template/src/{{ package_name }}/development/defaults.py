"""What problem/ starts with: an encoder for any table, and the usual metrics."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn import metrics
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.preprocessing import OrdinalEncoder


class DateParts(TransformerMixin, BaseEstimator):
    """Dates as numbers: year, month, day, weekday, hour; shape (rows, 5 x columns)."""

    parts = ("year", "month", "day", "dayofweek", "hour")

    def fit(self, frame: pd.DataFrame, target: Any = None) -> "DateParts":
        self.feature_names_in_ = np.asarray(frame.columns, dtype=object)
        return self

    def transform(self, frame: pd.DataFrame) -> np.ndarray:
        columns = [getattr(frame[c].dt, part) for c in frame for part in self.parts]
        return np.column_stack(columns).astype(float)

    def get_feature_names_out(self, names: Any = None) -> np.ndarray:
        return np.array([f"{c}_{part}" for c in self.feature_names_in_ for part in self.parts])


def table_encoder(max_categories: int = 50) -> ColumnTransformer:
    """Numbers as they are, dates in parts, and all else as codes: the most frequent values keep a
    code of their own, the rest share one; missing and unknown values are NaN."""
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        encoded_missing_value=np.nan,
        max_categories=max_categories,
    )
    return ColumnTransformer(
        [
            ("numbers", "passthrough", make_column_selector(dtype_include="number")),
            ("dates", DateParts(), make_column_selector(dtype_include="datetime")),
            ("words", codes, make_column_selector(dtype_include=object)),
        ],
        verbose_feature_names_out=False,
    )


def classification_metrics(truth: pd.Series, prediction: pd.DataFrame) -> dict[str, float]:
    """ROC AUC (one against the rest, macro), average precision, log loss, accuracy, F1 (macro).

    A metric that needs probabilities, or more classes than `truth` holds, is left out."""
    labels = [c.removeprefix("probability_") for c in prediction if c.startswith("probability_")]
    truth, guess = truth.astype(str), prediction["prediction"].astype(str)
    scores = {}
    if labels:
        chances = prediction[[f"probability_{label}" for label in labels]].to_numpy()
        known = pd.get_dummies(truth).reindex(columns=labels, fill_value=0).to_numpy()
        seen = known.any(axis=0) & ~known.all(axis=0)
        shown = slice(1, None) if len(labels) == 2 else slice(None)
        if seen[shown].any():
            known, sure = known[:, shown][:, seen[shown]], chances[:, shown][:, seen[shown]]
            scores["roc_auc"] = metrics.roc_auc_score(known, sure, average="macro")
            scores["average_precision"] = metrics.average_precision_score(known, sure)
        if set(truth) <= set(labels):
            order = sorted(range(len(labels)), key=lambda i: labels[i])
            scores["log_loss"] = metrics.log_loss(
                truth, chances[:, order], labels=[labels[i] for i in order]
            )
    scores["accuracy"] = metrics.accuracy_score(truth, guess)
    scores["f1"] = metrics.f1_score(truth, guess, average="macro", zero_division=0)
    return {name: float(value) for name, value in scores.items()}


def regression_metrics(truth: pd.Series, prediction: pd.DataFrame) -> dict[str, float]:
    """Root mean squared error and mean absolute error (the target's unit), and R squared."""
    guess = prediction["prediction"]
    scores = {
        "rmse": metrics.root_mean_squared_error(truth, guess),
        "mae": metrics.mean_absolute_error(truth, guess),
    }
    if len(truth) > 1:
        scores["r2"] = metrics.r2_score(truth, guess)
    return {name: float(value) for name, value in scores.items()}
