"""Tests of what a model must not do, whatever its metrics say.

Three tests hold for any model: the order of the rows, and who is scored together, change nothing;
and a missing value, where training data had any, gets a prediction. Those of conf/gates.yaml are
the invariance and directional expectation tests of CheckList (Ribeiro and others, 2020).
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...project import Failure
from .measure_settings import FILE, BehaviourTest, Direction, Invariance

if TYPE_CHECKING:
    from pandas import DataFrame

    from ..model import Model

ROWS = 1_000  # that are tried
SAME = 1e-6  # what rounding may change: networks count with seven digits

Result = dict[str, Any]


def check(scorer: "Model", rows: "DataFrame", tests: Sequence[BehaviourTest]) -> Iterator[Result]:
    """A result for each test: name, passed, detail. Raises Failure if a test makes no sense."""
    few = rows.sample(min(ROWS, len(rows)), random_state=0)
    yield from always(scorer, few)
    for number, test in enumerate(tests, start=1):
        where = f"{FILE}: behaviour, test {number}"
        if test.column not in few:
            raise Failure(f"{where}: the table has no column {test.column!r}")
        if isinstance(test, Invariance):
            passed, detail = invariance(scorer, few, test)
        else:
            passed, detail = direction(scorer, few, test, where)
        yield {"name": test.name or test.column, "passed": passed, "detail": detail}


def outputs(scorer: "Model", rows: "DataFrame") -> np.ndarray:
    """The predictions as numbers, (rows, 1) or (rows, labels): the predicted number, or the
    probability of each label (0 or 1 where the model gives none)."""
    y_pred = scorer.predict(rows)
    if scorer.labels is None:
        return y_pred[["prediction"]].to_numpy(float)
    if len(y_pred.columns) > 1:
        return y_pred[[f"probability_{label}" for label in scorer.labels]].to_numpy(float)
    return (y_pred["prediction"].to_numpy()[:, None] == scorer.labels).astype(float)


def always(scorer: "Model", rows: "DataFrame") -> Iterator[Result]:
    """The tests that need no setting."""
    before = outputs(scorer, rows)
    allowed = SAME * max(1.0, float(np.abs(before).max()))
    order = np.random.default_rng(0).permutation(len(rows))
    change = np.abs(outputs(scorer, rows.iloc[order]) - before[order]).max()
    yield unchanged("the order of the rows changes nothing", change, allowed)
    alone = np.vstack([outputs(scorer, rows.iloc[[row]]) for row in range(min(20, len(rows)))])
    change = np.abs(alone - before[: len(alone)]).max()
    yield unchanged("a row alone gets the same prediction as among others", change, allowed)
    for column in scorer.facts["schema"]:
        if column["nullable"]:
            yield missing_value(scorer, rows, column["name"])


def unchanged(name: str, change: float, allowed: float) -> Result:
    detail = f"largest change {change:.3g}"
    return {"name": name, "passed": bool(change <= allowed), "detail": detail}


def missing_value(scorer: "Model", rows: "DataFrame", column: str) -> Result:
    """Whether rows without a value in the column get a prediction."""
    name = f"a missing {column} gets a prediction"
    try:
        found = outputs(scorer, rows.assign(**{column: None}))
    except Exception as error:  # whatever the model raises is the finding
        return {"name": name, "passed": False, "detail": str(error)}
    passed = bool(np.isfinite(found).all())
    return {"name": name, "passed": passed, "detail": f"{len(found)} predictions"}


def invariance(scorer: "Model", rows: "DataFrame", test: Invariance) -> tuple[bool, str]:
    """Whether predictions stay when each row gets another row's value of the column."""
    shuffled = rows[test.column].sample(frac=1, random_state=1).to_numpy()
    before = outputs(scorer, rows)
    change = np.abs(outputs(scorer, rows.assign(**{test.column: shuffled})) - before).max()
    rounding = SAME * max(1.0, float(np.abs(before).max()))
    passed = bool(change <= test.tolerance + rounding)
    return passed, f"largest change {change:.3g}, allowed {test.tolerance:g}"


def direction(scorer: "Model", rows: "DataFrame", test: Direction, where: str) -> tuple[bool, str]:
    """Whether predictions rise or fall, on average and in enough rows, as a number changes."""
    if rows[test.column].dtype.kind not in "iuf":
        raise Failure(f"{where}: column {test.column!r} holds no numbers")
    known = rows[rows[test.column].notna()]
    if known.empty:
        raise Failure(f"{where}: column {test.column!r} is empty in the held-out rows")
    values = known[test.column].astype(float)
    changed = values + test.add if test.add is not None else values * (test.multiply or 0.0)
    output = label_position(scorer, test, where)
    after = outputs(scorer, known.assign(**{test.column: changed}))[:, output]
    change = after - outputs(scorer, known)[:, output]
    change = change if test.prediction == "rises" else -change
    share = float((change >= -SAME).mean())
    detail = f"as expected in {share:.1%} of {len(known)} rows, by {change.mean():.3g} on average"
    passed = share >= test.share_of_rows and change.mean() > 0
    return bool(passed), f"{detail}; wanted {test.share_of_rows:.0%}"


def label_position(scorer: "Model", test: Direction, where: str) -> int:
    """The column of `outputs` that the test looks at: of two classes the second."""
    if scorer.labels is None:
        return 0
    labels = [str(label) for label in scorer.labels]
    usual = labels[-1] if len(labels) == 2 else ""
    wanted = usual if test.label is None else str(test.label)
    if wanted not in labels:
        raise Failure(f"{where}: label must be one of {', '.join(labels)}")
    return labels.index(wanted)
