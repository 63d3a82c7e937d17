"""Features from any column without code, by skrub's TableVectorizer.

To use it, write into your features.py, after `uv add skrub`:

    from lifecycle.data import vectorizer

    def build(params):
        return vectorizer.vectorizer(params)
"""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import FeatureUnion
from sklearn.preprocessing import OrdinalEncoder
from skrub import DatetimeEncoder, StringEncoder, TableVectorizer

ENCODERS = {
    "numeric": "number as it is",
    "datetime": "parts of the date",
    "low_cardinality": "a code for each value",
    "high_cardinality": "a code for each frequent value",
    "specific": "a code if frequent, and parts of words",
}
# What comes round again, and the days that a table must span to have seen it twice.
ROUNDS = {"hour": 2, "weekday": 14, "month": 730}


def vectorizer(params: dict[str, Any]) -> "Vectorizer":
    """A transformer that has not been fitted; `params` is `features` in params.yaml."""
    return Vectorizer(**params)


class Vectorizer(TransformerMixin, BaseEstimator):
    """Numbers as they are, dates as hour, weekday and month, categories as codes, and texts also as
    the parts of words that tell most (TF-IDF and SVD).

    skrub's own choices are for any estimator; these are for trees, which model.py starts with:
    codes instead of a column for each value, and of a date only the parts that the table has seen
    come round, for a tree knows nothing beyond the newest row that it learned from. For names that
    are mostly rare, the mean of the target and parts of words were tried: both lost 9% on a table
    of cars. More than `max_categories` values share a code by being rare."""

    def __init__(self, max_categories: int = 50, word_parts: int = 10) -> None:
        self.max_categories = max_categories
        self.word_parts = word_parts

    def fit(self, frame: pd.DataFrame, target: Any = None) -> "Vectorizer":
        self.fit_transform(frame, target)
        return self

    def fit_transform(self, frame: pd.DataFrame, target: Any = None, **_: Any) -> np.ndarray:
        words = StringEncoder(n_components=self.word_parts, random_state=0)
        both = FeatureUnion([("code", self.codes()), ("words", words)])
        texts = [name for name in frame if self.is_text(frame[name])]
        self.table_ = TableVectorizer(
            cardinality_threshold=self.max_categories,
            datetime=DatetimeEncoder(add_weekday=True, add_total_seconds=False),
            low_cardinality=self.codes(),
            high_cardinality=self.codes(),
            specific_transformers=[(both, [name]) for name in texts],
        )
        numbers = np.asarray(self.table_.fit_transform(frame, target))
        left_out = self.one_time_parts(frame)
        self.outs_ = [out for out in self.table_.get_feature_names_out() if out not in left_out]
        self.places_ = np.flatnonzero(~np.isin(self.table_.get_feature_names_out(), left_out))
        return numbers[:, self.places_]

    def is_text(self, values: pd.Series) -> bool:
        """Whether a column holds sentences and not names, as `describe` tells them apart."""
        words = values.dropna().astype(str).str.count(r"\S+").mean()
        return values.dtype == object and words > 3 and values.nunique() > self.max_categories

    def codes(self) -> OrdinalEncoder:
        """A code for each of the frequent values, one for the rest, and NaN for the unknown."""
        return OrdinalEncoder(
            max_categories=self.max_categories,
            handle_unknown="use_encoded_value",
            unknown_value=np.nan,
        )

    def one_time_parts(self, frame: pd.DataFrame) -> list[str]:
        """The parts of dates that the rows do not span twice."""
        parts = []
        for name in self.table_.kind_to_columns_["datetime"]:
            days = (frame[name].max() - frame[name].min()).days
            seen = [f"{name}_{part}" for part, least in ROUNDS.items() if days >= least]
            parts += [out for out in self.table_.input_to_outputs_[name] if out not in seen]
        return parts

    def transform(self, frame: pd.DataFrame) -> np.ndarray:
        return np.asarray(self.table_.transform(frame))[:, self.places_]

    def built(self) -> dict[str, tuple[str, list[int]]]:
        """What each column became: the encoding, and the positions of its features."""
        made = {}
        for column in self.table_.feature_names_in_:
            outs = self.table_.input_to_outputs_.get(column, [])
            places = [self.outs_.index(out) for out in outs if out in self.outs_]
            encoding = ENCODERS.get(self.table_.column_to_kind_.get(column), "")
            made[column] = (encoding if places else "left out: it holds nothing", places)
        return made
