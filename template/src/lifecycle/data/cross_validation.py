"""Folds for cross-validation, made as the rows are held out: forward in time, groups kept whole.

With a time column each fold is tested on rows that are newer than those it learned from: the first
learns from the older half of the rows, the last from all but the newest (rolling origin, Tashman
2000, doi 10.1016/S0169-2070(00)00065-0)."""

from collections.abc import Iterator

import numpy as np
from pandas import DataFrame, Series

from .dataset import separated, shuffled
from .describe import Roles

Fold = tuple[np.ndarray, np.ndarray]


def folds(rows: DataFrame, role: Roles, count: int, seed: int = 0) -> list[Fold]:
    """At most `count` pairs of positions: to learn from, to test with.

    A fold is left out where a side would be empty, have one class, or have no weight."""
    target, groups = rows[role.target], rows[role.group] if role.group else None
    if not role.time:
        made = shuffled(target, groups, count, seed)
    else:
        made = forward(rows[role.time], count)
        if groups is not None:
            made = (separated(fold, groups) for fold in made)
    return [fold for fold in made if all(usable(rows.iloc[side], role) for side in fold)]


def usable(rows: DataFrame, role: Roles) -> bool:
    """Whether rows are enough for a side."""
    classes = 2 if role.problem_type == "classification" else 1
    weighed = role.weight is None or bool(rows[role.weight].any())
    return rows[role.target].nunique() >= classes and weighed


def forward(times: Series, count: int) -> Iterator[Fold]:
    """Rows of the same moment stay together, so a side can turn out empty."""
    shares = [0.5 + 0.5 * fold / count for fold in range(count)]
    starts = [times.quantile(share, interpolation="nearest") for share in shares]
    for start, end in zip(starts, [*starts[1:], None], strict=True):
        newer = times >= start
        tested = newer if end is None else newer & (times < end)
        yield np.flatnonzero(~newer), np.flatnonzero(tested)
