"""What every trial has to pass: the folds of the rows to learn from, and a score for each.

The rows that `data.split` holds out are never seen. With a time column each fold is tested on rows
that are newer than those it learned from: the first learns from the older half of the rows, the
last from all but the newest (rolling origin, Tashman 2000, doi 10.1016/S0169-2070(00)00065-0)."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...data import describe
from ...problem import part
from ...project import Failure, conf
from .. import model

Fold = tuple[np.ndarray, np.ndarray]


@dataclass
class Exam:
    """Rows, and for each fold the positions to learn from and those to test with."""

    rows: pd.DataFrame
    features: list[str]
    target: str
    folds: list[Fold]


def read(path: Path, folds: int, seed: int) -> Exam:
    """The exam on a table; raises Failure if no fold can be made."""
    frame = part("data").load(path)
    roles = describe.roles(frame)
    rows, *_ = part("data").split(frame)
    target = rows[roles.target]
    made = forward(rows[roles.time], folds) if roles.time else mixed(target, folds, seed)
    classes = conf()["problem_type"] == "classification"
    fit = [fold for fold in made if not classes or all(target.iloc[p].nunique() > 1 for p in fold)]
    if not fit:
        raise Failure(f"{len(rows)} rows are too few for {folds} folds (conf/tune.yaml)")
    return Exam(rows, roles.features, roles.target, fit)


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


def score(exam: Exam, params: dict[str, Any], fold: int) -> float | str:
    """The metric that decides, of a model with these settings on a fold; or why there is none.

    It depends on nothing else: any worker gets the same number."""
    random.seed(params["seed"])
    np.random.seed(params["seed"])
    metrics = part("metrics")
    learned, tested = (exam.rows.iloc[positions] for positions in exam.folds[fold])
    try:
        fitted = model.fit(learned[exam.features], learned[exam.target], params)
        scores = metrics.score(tested[exam.target], fitted.predict(tested))
        value = float(scores[metrics.PRIMARY])
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return value if np.isfinite(value) else f"{metrics.PRIMARY} is {value}"
