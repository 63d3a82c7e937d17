"""What a project starts with: types for the columns of any table, an encoder for them, and the
usual metrics. Your package may replace the encoder and the metrics."""

from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype
from sklearn import metrics
from sklearn.base import BaseEstimator, TransformerMixin

from ..problem import path
from ..project import Failure

MONDAY = np.datetime64("1970-01-05")


def column_schema(values: pd.Series) -> dict[str, Any]:
    """What a column must look like: name, type, whether it may be missing, and what was seen."""
    kinds = {"b": "boolean", "i": "integer", "u": "integer", "f": "number", "M": "datetime"}
    kind, known = kinds.get(values.dtype.kind, "string"), values.dropna()
    ranged = kind in ("integer", "number", "datetime") and len(known)
    seen = sorted(known.astype(str).unique()) if kind == "string" else []
    return {
        "name": str(values.name),
        "type": kind,
        "nullable": bool(values.isna().any()),
        "minimum": plain(known.min()) if ranged else None,
        "maximum": plain(known.max()) if ranged else None,
        "categories": seen if len(seen) <= 50 else None,
    }


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    return value.isoformat() if isinstance(value, pd.Timestamp) else value.item()


def is_ready(values: pd.Series, kind: str) -> bool:
    """Whether the column already has the type that the model reads: rows from the server do."""
    if kind == "string":
        return values.dtype == object and infer_dtype(values) in ("string", "empty")
    return bool(values.dtype == ("datetime64[ns]" if kind == "datetime" else float))


def as_type(values: pd.Series, kind: str) -> pd.Series:
    """The column in the type that the model reads; `kind` is the `type` of its schema.

    Raises Failure with the first value that does not fit."""
    if is_ready(values, kind):
        return values
    if kind == "string":
        if values.dtype.kind == "f" and (values.dropna() % 1 == 0).all():
            values = values.astype("Int64")  # a gap among whole numbers made 7 a 7.0
        return values.astype(object).where(values.isna(), values.astype(str))
    if kind == "datetime":
        cast = pd.to_datetime(values, errors="coerce", format="mixed", utc=True)
        cast = cast.dt.tz_localize(None).astype("datetime64[ns]")
    else:
        truths = {"true": 1, "false": 0} if kind == "boolean" else {}
        if values.dtype == object:
            values = values.map(lambda value: truths.get(str(value).lower(), value))
        cast = pd.to_numeric(values, errors="coerce").astype(float)
    if (wrong := cast.isna() & values.notna()).any():
        row = int(np.flatnonzero(wrong)[0])
        raise Failure(f"column {values.name}: {values.iloc[row]!r} in row {row + 1} is no {kind}")
    return cast


def weighted(estimator: Any, weights: pd.Series | None) -> dict[str, Any]:
    """The weights as `fit` takes them; raises Failure if this estimator takes none."""
    from sklearn.utils.validation import has_fit_parameter

    if weights is None:
        return {}
    if not has_fit_parameter(estimator, "sample_weight"):
        raise Failure(
            f"{type(estimator).__name__} takes no weights: choose an estimator whose fit has "
            f"sample_weight in {path('model')}, or leave out weight_column in conf/data.yaml"
        )
    return {"sample_weight": weights.to_numpy(float)}


class TableEncoder(TransformerMixin, BaseEstimator):
    """Numbers as they are, dates as weekday and hour, and all else as codes: the most frequent
    values have one each, the rest share one; missing and unknown values are NaN.

    A month that was not in the training data would only mislead; weekdays and hours come again.
    A ColumnTransformer of scikit-learn's encoders would do the same, but takes 3 ms for a row
    instead of 0.1, and a server feels that."""

    def __init__(self, max_categories: int = 50) -> None:
        self.max_categories = max_categories

    def fit(self, frame: pd.DataFrame, target: Any = None) -> "TableEncoder":
        self.feature_names_in_ = np.asarray(frame.columns, dtype=object)
        # Some estimators refuse a column without a single value.
        self.filled_ = [name for name in frame if frame[name].notna().any()]
        self.words_ = {c: self.codes(frame[c]) for c in self.filled_ if frame[c].dtype == object}
        return self

    def codes(self, values: pd.Series) -> dict[str, float]:
        """A code for each known value."""
        counts = values.value_counts()
        rare = len(counts) > self.max_categories  # then they need a code, too
        frequent = counts.index[: self.max_categories - rare]
        code = {value: float(i) for i, value in enumerate(sorted(frequent))}
        return {value: code.get(value, float(len(code))) for value in counts.index}

    def transform(self, frame: pd.DataFrame | dict[str, np.ndarray]) -> np.ndarray:
        """The numbers of a table, or of its columns: the server does not make tables."""
        columns: list[Any] = []
        for name in self.filled_:
            values = np.asarray(frame[name])
            if name in self.words_:
                columns.append(np.array([*map(self.words_[name].get, values)], float))
            elif values.dtype.kind == "M":
                hours = (values.astype("M8[h]") - MONDAY) / np.timedelta64(1, "h")
                columns += [hours // 24 % 7, hours % 24]
            else:
                columns.append(values)
        return np.column_stack(columns).astype(float, copy=False)


def classification_metrics(
    y_true: pd.Series, y_pred: pd.DataFrame, weights: pd.Series | None = None
) -> dict[str, float]:
    """ROC AUC (macro average of each class against the rest), log loss, accuracy, F1 (macro).

    What needs probabilities, or more classes than `y_true` holds, is left out."""
    true, predicted = y_true.astype(str), y_pred["prediction"].astype(str)
    scores, probabilities = {}, y_pred.filter(regex="^probability_")
    # Scikit-learn checks arrays of numbers four times as fast as columns of texts.
    one_hot = true.to_numpy()[:, None] == [name[12:] for name in probabilities]
    varies = one_hot.any(axis=0) & ~one_hot.all(axis=0)
    if varies.any():
        pair = one_hot[:, varies], probabilities.to_numpy()[:, varies]
        scores["roc_auc"] = metrics.roc_auc_score(*pair, sample_weight=weights)
    if len(probabilities.columns) and one_hot.any(axis=1).all():
        pair = one_hot, probabilities.to_numpy()
        scores["log_loss"] = metrics.log_loss(*pair, sample_weight=weights)
    classes = pd.factorize(pd.concat([true, predicted]), sort=True)[0].reshape(2, -1)
    options: Any = {"average": "macro", "zero_division": 0, "sample_weight": weights}
    scores["accuracy"] = metrics.accuracy_score(*classes, sample_weight=weights)
    scores["f1"] = metrics.f1_score(*classes, **options)
    return {name: float(value) for name, value in scores.items()}


def regression_metrics(
    y_true: pd.Series, y_pred: pd.DataFrame, weights: pd.Series | None = None
) -> dict[str, float]:
    """Root mean squared error and mean absolute error (the target's unit), and R squared."""
    pair, weighted = (y_true, y_pred["prediction"]), {"sample_weight": weights}
    return {
        "rmse": float(metrics.root_mean_squared_error(*pair, **weighted)),
        "mae": float(metrics.mean_absolute_error(*pair, **weighted)),
        "r2": float(metrics.r2_score(*pair, **weighted)) if len(y_true) > 1 else float("nan"),
    }
