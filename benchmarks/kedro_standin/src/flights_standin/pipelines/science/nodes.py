import logging

import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OrdinalEncoder


def split_data(table: pd.DataFrame, options: dict) -> tuple:
    """The newest rows are held out."""
    cut = int(len(table) * (1 - options["test_size"]))
    rows = table.drop(columns=[options["target"], options["time_column"]])
    target = table[options["target"]]
    return rows[:cut], rows[cut:], target[:cut], target[cut:]


def train_model(rows: pd.DataFrame, target: pd.Series, options: dict) -> Pipeline:
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=np.nan, max_categories=50
    )
    encoder = make_column_transformer(
        (codes, make_column_selector(dtype_exclude="number")), remainder="passthrough"
    )
    model = HistGradientBoostingClassifier(
        **options["classifier"], random_state=options["seed"]
    )
    return make_pipeline(encoder, model).fit(rows, target)


def evaluate_model(
    classifier: Pipeline, rows: pd.DataFrame, target: pd.Series
) -> dict[str, float]:
    probabilities = classifier.predict_proba(rows)[:, 1]
    scores = {
        "roc_auc": roc_auc_score(target, probabilities),
        "accuracy": accuracy_score(target, probabilities > 0.5),
    }
    logging.getLogger(__name__).info("Scores on the held-out rows: %s", scores)
    return scores
