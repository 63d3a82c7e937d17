"""The folds of the training rows, and the score of a trial on each of them.

The rows that `data.split` holds out are never seen."""

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ... import problem
from ...data import cross_validation, describe
from ...problem import load, part
from ...project import Failure
from .. import model


@dataclass
class Folds:
    """Rows, and for each fold the positions to train on and those to validate on."""

    rows: pd.DataFrame
    roles: describe.Roles
    positions: list[cross_validation.Fold]


def read(path: Path, folds: int, seed: int) -> Folds:
    """So many folds of a table, or fewer; raises Failure if none can be made."""
    frame = load(path)
    roles = describe.roles(frame)
    rows, *_ = part("data").split(frame)
    if not (made := cross_validation.folds(rows, roles, folds, seed)):
        raise Failure(f"{len(rows)} rows are too few for {folds} folds (conf/tune.yaml)")
    return Folds(rows, roles, made)


def score(folds: Folds, params: dict[str, Any], fold: int) -> float | str:
    """The deciding metric of a model with these params on a fold; a text, if there is none, why.

    It depends on nothing else: any worker gets the same number."""
    random.seed(params["seed"])
    np.random.seed(params["seed"])
    roles, primary = folds.roles, part("metrics").PRIMARY
    training, validation = (folds.rows.iloc[positions] for positions in folds.positions[fold])
    try:
        rows, target, weights = training[roles.features], training[roles.target], roles.weights
        fitted = model.fit(rows, target, params, weights=weights(training))
        predictions = fitted.predict(validation)
        scores = problem.score(validation[roles.target], predictions, weights(validation))
        value = float(scores[primary])
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return value if np.isfinite(value) else f"{primary} is {value}"
