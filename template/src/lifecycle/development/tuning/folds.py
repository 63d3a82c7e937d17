"""The folds of the training rows, and the score of a trial on each of them.

The rows that `data.split` holds out are never seen. With a time column each fold validates on rows
that are newer than those it trains on: the first trains on the older half of the rows, the last on
all but the newest (rolling origin, Tashman 2000, doi 10.1016/S0169-2070(00)00065-0)."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...data import describe
from ...problem import load, part
from ...project import Failure, conf
from .. import model

Fold = tuple[np.ndarray, np.ndarray]


@dataclass
class Folds:
    """Rows, and for each fold the positions to train on and those to validate on."""

    rows: pd.DataFrame
    features: list[str]
    target: str
    positions: list[Fold]


def read(path: Path, folds: int, seed: int) -> Folds:
    """So many folds of a table, or fewer; raises Failure if none can be made."""
    frame = load(path)
    roles = describe.roles(frame)
    rows, *_ = part("data").split(frame)
    target = rows[roles.target]
    made = forward(rows[roles.time], folds) if roles.time else mixed(target, folds, seed)
    classes = conf()["problem_type"] == "classification"
    fit = [fold for fold in made if not classes or all(target.iloc[p].nunique() > 1 for p in fold)]
    if not fit:
        raise Failure(f"{len(rows)} rows are too few for {folds} folds (conf/tune.yaml)")
    return Folds(rows, roles.features, roles.target, fit)


def forward(times: pd.Series, folds: int) -> Iterator[Fold]:
    """Rows of the same moment stay together, so a fold can turn out empty: it is left out."""
    shares = [0.5 + 0.5 * fold / folds for fold in range(folds)]
    starts = [times.quantile(share, interpolation="nearest") for share in shares]
    for start, end in zip(starts, [*starts[1:], None], strict=True):
        newer = times >= start
        tested = newer if end is None else newer & (times < end)
        early, late = np.flatnonzero(~newer), np.flatnonzero(tested)
        if len(early) and len(late):
            yield early, late


def mixed(target: pd.Series, folds: int, seed: int) -> Iterator[Fold]:
    """At random; each class in its share, as far as it has rows enough."""
    from sklearn.model_selection import KFold, StratifiedKFold

    even = conf()["problem_type"] == "classification" and target.value_counts().min() >= folds
    kind = StratifiedKFold if even else KFold
    if len(target) >= folds:
        yield from kind(folds, shuffle=True, random_state=seed).split(target, target)


def score(folds: Folds, params: dict[str, Any], fold: int) -> float | str:
    """The deciding metric of a model with these params on a fold; a text, if there is none, why.

    It depends on nothing else: any worker gets the same number."""
    random.seed(params["seed"])
    np.random.seed(params["seed"])
    metrics = part("metrics")
    training, validation = (folds.rows.iloc[positions] for positions in folds.positions[fold])
    try:
        fitted = model.fit(training[folds.features], training[folds.target], params)
        scores = metrics.score(validation[folds.target], fitted.predict(validation))
        value = float(scores[metrics.PRIMARY])
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return value if np.isfinite(value) else f"{metrics.PRIMARY} is {value}"
