"""What problem/ starts with: an encoder for any table, and the usual metrics."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn import metrics
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.preprocessing import OrdinalEncoder


class DateParts(TransformerMixin, BaseEstimator):
    """Dates as weekday and hour, which come again soon enough to be learned; shape
    (rows, 2 x columns). A month that was not in the training data would only mislead."""

    parts = ("dayofweek", "hour")

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
    """ROC AUC (macro average of each class against the rest), log loss, accuracy, F1 (macro).

    What needs probabilities, or more classes than `truth` holds, is left out."""
    answer, guess = truth.astype(str), prediction["prediction"].astype(str)
    scores = {}
    chances = prediction.filter(regex="^probability_").rename(columns=lambda c: c[12:])
    happened = pd.DataFrame({label: answer == label for label in chances})
    told = [label for label in chances if 0 < happened[label].mean() < 1]
    if told:
        scores["roc_auc"] = metrics.roc_auc_score(happened[told], chances[told])
    if len(chances.columns) and happened.any(axis=1).all():
        scores["log_loss"] = metrics.log_loss(happened, chances)
    scores["accuracy"] = metrics.accuracy_score(answer, guess)
    scores["f1"] = metrics.f1_score(answer, guess, average="macro", zero_division=0)
    return {name: float(value) for name, value in scores.items()}


def regression_metrics(truth: pd.Series, prediction: pd.DataFrame) -> dict[str, float]:
    """Root mean squared error and mean absolute error (the target's unit), and R squared."""
    guess = prediction["prediction"]
    return {
        "rmse": float(metrics.root_mean_squared_error(truth, guess)),
        "mae": float(metrics.mean_absolute_error(truth, guess)),
        "r2": float(metrics.r2_score(truth, guess)) if len(truth) > 1 else float("nan"),
    }
