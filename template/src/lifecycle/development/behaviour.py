"""Ask a model what it must not do, whatever its metrics say.

Three tests hold for any model: the order of the rows, and who is scored together, change nothing;
and a missing value, where training data had any, is answered. Those of conf/gates.yaml are the
invariance and directional expectation tests of CheckList (Ribeiro and others, 2020).
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..project import Failure

if TYPE_CHECKING:
    from pandas import DataFrame

    from .model import Model

ROWS = 1_000  # that are tried
SAME = 1e-6  # what rounding may change: networks count with seven digits
UNCHANGED = {"name", "unchanged_by", "tolerance"}
DIRECTION = {"name", "column", "add", "times", "prediction", "label", "rows"}

Result = dict[str, Any]


def check(scorer: "Model", rows: "DataFrame", tests: list[dict[str, Any]]) -> Iterator[Result]:
    """A result for each test: name, passed, detail. Raises Failure if a test makes no sense."""
    few = rows.sample(min(ROWS, len(rows)), random_state=0)
    yield from always(scorer, few)
    for place, test in enumerate(tests, start=1):
        where = f"conf/gates.yaml: behaviour, test {place}"
        kind = UNCHANGED if "unchanged_by" in test else DIRECTION
        if unknown := sorted(set(test) - kind):
            raise Failure(f"{where}: unknown key {unknown[0]}; there are {', '.join(sorted(kind))}")
        column = test.get("unchanged_by", test.get("column"))
        if column not in few:
            raise Failure(f"{where}: the table has no column {column!r}")
        ask = invariance if "unchanged_by" in test else direction
        passed, detail = ask(scorer, few, test, where)
        yield {"name": test.get("name") or f"{column}", "passed": passed, "detail": detail}


def numbers(scorer: "Model", rows: "DataFrame") -> np.ndarray:
    """What the model says, a row each: the number, or the probability (else 0 or 1) by label."""
    said = scorer.predict(rows)
    if scorer.labels is None:
        return said[["prediction"]].to_numpy(float)
    if len(said.columns) > 1:
        return said[[f"probability_{label}" for label in scorer.labels]].to_numpy(float)
    return (said["prediction"].to_numpy()[:, None] == scorer.labels).astype(float)


def always(scorer: "Model", rows: "DataFrame") -> Iterator[Result]:
    """The tests that need no setting."""
    before = numbers(scorer, rows)
    largest = max(1.0, float(np.abs(before).max()))
    order = np.random.default_rng(0).permutation(len(rows))
    moved = np.abs(numbers(scorer, rows.iloc[order]) - before[order]).max()
    yield result("the order of the rows changes nothing", moved <= SAME * largest, moved)
    alone = np.vstack([numbers(scorer, rows.iloc[[row]]) for row in range(min(20, len(rows)))])
    moved = np.abs(alone - before[: len(alone)]).max()
    yield result("a row alone is answered as among others", moved <= SAME * largest, moved)
    for column in scorer.facts["schema"]:
        if column["nullable"]:
            name = f"a missing {column['name']} is answered"
            try:
                answers = numbers(scorer, rows.assign(**{column["name"]: None}))
            except Exception as error:  # whatever the model raises is the finding
                yield {"name": name, "passed": False, "detail": str(error)}
            else:
                passed = bool(np.isfinite(answers).all())
                yield {"name": name, "passed": passed, "detail": f"{len(answers)} answers"}


def result(name: str, passed: Any, moved: float) -> Result:
    return {"name": name, "passed": bool(passed), "detail": f"largest change {moved:.3g}"}


def invariance(
    scorer: "Model", rows: "DataFrame", test: dict[str, Any], where: str
) -> tuple[bool, str]:
    """Whether predictions stay when each row gets another row's value of the column."""
    column, tolerance = test["unchanged_by"], number(test, "tolerance", where, 0.0)
    dealt = rows[column].sample(frac=1, random_state=1).to_numpy()
    before = numbers(scorer, rows)
    moved = np.abs(numbers(scorer, rows.assign(**{column: dealt})) - before).max()
    rounding = SAME * max(1.0, float(np.abs(before).max()))
    return bool(moved <= tolerance + rounding), f"largest change {moved:.3g}, allowed {tolerance:g}"


def direction(
    scorer: "Model", rows: "DataFrame", test: dict[str, Any], where: str
) -> tuple[bool, str]:
    """Whether predictions rise or fall, on average and in enough rows, as a number changes."""
    column, share = test["column"], number(test, "rows", where, 0.9)
    if test.get("prediction") not in ("rises", "falls"):
        raise Failure(f"{where}: prediction must be rises or falls")
    if ("add" in test) == ("times" in test):
        raise Failure(f"{where}: write either add or times")
    if rows[column].dtype.kind not in "iuf":
        raise Failure(f"{where}: column {column!r} holds no numbers")
    known = rows[rows[column].notna()]
    if known.empty:
        raise Failure(f"{where}: column {column!r} is empty in the held-out rows")
    values = known[column].astype(float)
    changed = values * number(test, "times", where, 1.0) + number(test, "add", where, 0.0)
    place = label_place(scorer, test, where)
    after = numbers(scorer, known.assign(**{column: changed}))[:, place]
    moved = after - numbers(scorer, known)[:, place]
    moved = moved if test["prediction"] == "rises" else -moved
    right = float((moved >= -SAME).mean())
    detail = f"right in {right:.1%} of {len(known)} rows, by {moved.mean():.3g} on average"
    return bool(right >= share and moved.mean() > 0), f"{detail}; wanted {share:.0%}"


def label_place(scorer: "Model", test: dict[str, Any], where: str) -> int:
    """The column of `numbers` that the test looks at: of two classes the second."""
    if scorer.labels is None:
        return 0
    labels = [str(label) for label in scorer.labels]
    wanted = str(test.get("label", labels[-1] if len(labels) == 2 else ""))
    if wanted not in labels:
        raise Failure(f"{where}: label must be one of {', '.join(labels)}")
    return labels.index(wanted)


def number(test: dict[str, Any], key: str, where: str, default: float) -> float:
    """A number of a test; raises Failure if it is none."""
    value = test.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise Failure(f"{where}: {key} must be a number, not {value!r}")
    return float(value)
