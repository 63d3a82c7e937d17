"""Rows of one group are never on both sides of a split, and weights count in fits and metrics."""

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeClassifier

from lifecycle import problem
from lifecycle.data import dataset, describe
from lifecycle.development import defaults, model, train
from lifecycle.project import Failure

folds = pytest.importorskip("lifecycle.data.cross_validation", reason="folds are made from level 2 on")
TABLE = {"problem_type": "classification", "path": "table.csv", "target": "y", "holdout": 0.2}


@contextmanager
def configured(**changes: Any) -> Iterator[None]:
    """A root with other settings of the table."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        (Path(folder) / "conf").mkdir()
        (Path(folder) / "conf" / "data.yaml").write_text(yaml.safe_dump(TABLE | changes))
        patch.setenv("PROJECT_ROOT", folder)
        yield


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    """Groups of any sizes, at any times; a column that looks like a feature reveals the group."""
    rows, groups = draw(st.integers(20, 120)), draw(st.integers(2, 30))
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    group = random.integers(0, groups, rows) ** draw(st.sampled_from([1, 2])) // draw(st.sampled_from([1, 7]))
    day = group * draw(st.sampled_from([0, 1, 20])) + random.integers(0, draw(st.sampled_from([1, 30, 300])), rows)
    frame = pd.DataFrame({"customer": group, "leak": group, "day": day, "y": random.integers(0, 2, rows)})
    return frame.assign(customer="c" + frame["customer"].astype(str))


def sides(frame: pd.DataFrame, **changes: Any) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
    """The split of a table and all folds of its rows to learn from."""
    with configured(**changes):
        rows, test, _ = dataset.holdout(frame)
        made = folds.folds(rows, describe.roles(frame), 3)
    return [(rows, test), *((rows.iloc[known], rows.iloc[tested]) for known, tested in made)]


@settings(max_examples=150, deadline=None)
@given(frame=tables(), time=st.sampled_from([None, "day"]), kind=st.sampled_from(["classification", "regression"]))
def test_no_group_is_ever_on_both_sides(frame: pd.DataFrame, time: str | None, kind: str) -> None:
    try:
        found = sides(frame, group_column="customer", time_column=time, problem_type=kind)
    except Failure as failure:
        assert "held out" in str(failure) or "customer" in str(failure) or "target" in str(failure)
        assume(False)
    for known, tested in found:
        assert len(known) and len(tested)
        assert not set(known["customer"]) & set(tested["customer"])
        assert not set(known.index) & set(tested.index)
        if time:
            assert known["day"].max() < tested["day"].min()
    if not time:
        assert len(found[0][0]) + len(found[0][1]) == len(frame)


@pytest.mark.parametrize("time", [None, "day"])
def test_a_column_that_tells_the_group_is_worth_nothing_on_held_out_rows(time: str | None) -> None:
    random = np.random.default_rng(0)
    group = np.repeat(np.arange(150), 8)
    frame = pd.DataFrame({"customer": group, "leak": group / 7, "day": group * 2 + random.integers(0, 3, 1200)})
    frame["y"] = np.where(random.random(150) < 0.5, "yes", "no")[group]  # a coin for each customer

    def accuracy(**changes: Any) -> float:
        with configured(**changes):
            rows, test, _ = dataset.holdout(frame)
        tree = DecisionTreeClassifier().fit(rows[["leak"]], rows["y"])
        return float(tree.score(test[["leak"]], test["y"]))

    assert accuracy() == 1
    assert accuracy(group_column="customer", time_column=time) < 0.75


def test_how_groups_were_held_out_is_reported() -> None:
    frame = pd.DataFrame({"customer": np.arange(200) // 4, "day": np.arange(200), "x": 1.0, "y": np.arange(200) % 2})
    with configured(group_column="customer"):
        *_, how = dataset.holdout(frame)
        assert how == "at random, 10 of 50 customer whole"
    with configured(group_column="customer", time_column="day"):
        rows, test, how = dataset.holdout(frame.assign(day=frame["day"] + 3))
        assert how.startswith("the newest by day, from 162 on; no customer on both sides, ")
        assert f" {200 - len(rows) - len(test)} rows unused" in how


def test_groups_that_live_through_all_times_are_refused() -> None:
    frame = pd.DataFrame({"machine": np.arange(200) % 5, "day": np.arange(200), "x": 1.0, "y": np.arange(200) % 2})
    with configured(group_column="machine", time_column="day"), pytest.raises(Failure) as failure:
        dataset.holdout(frame)
    assert "rows both before and after 159: leave out time_column or group_column" in str(failure.value)


ROWS = pd.DataFrame({"key": range(40), "x": 1.0, "y": [0, 1] * 20, "group": [1, 2, 3, 4] * 10, "count": 1.0})


@pytest.mark.parametrize(
    ("changes", "column", "values", "message"),
    [
        ({"weight_column": "count"}, "count", [1.0, -1.0], "negative or infinite in 20 rows, row 2 first"),
        ({"weight_column": "count"}, "count", [1.0, None], "is missing, .* 20 rows, row 2 first"),
        ({"weight_column": "count"}, "count", [1.0, float("inf")], "infinite in 20 rows"),
        ({"weight_column": "count"}, "count", ["many", "few"], "needs numbers, it has 'many'"),
        ({"weight_column": "count"}, "count", [0.0, 0.0], "no 'count' above 0"),
        ({"group_column": "group"}, "group", ["a", None], "missing in 20 rows, row 2 first: fill them"),
        ({"group_column": "group"}, "group", ["a", "a"], "the same in every row"),
        ({"group_column": "grupo"}, "group", ["a", "b"], r"\(group_column in .*did you mean 'group'"),
        ({"holdout": 2}, "x", [1, 2], "conf/data.yaml: holdout: it should be less than 1, not 2"),
        ({"hold_out": 0.2}, "x", [1, 2], "unknown key hold_out: did you mean holdout"),
        ({"group_colum": "group"}, "x", [1, 2], "unknown key group_colum: did you mean group_column"),
        ({"problem_type": "ranking"}, "x", [1, 2], "problem_type: it should be 'classification' or"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, Any], column: str, values: list[Any], message: str) -> None:
    with configured(**changes), pytest.raises(Failure, match=message):
        dataset.holdout(ROWS.assign(**{column: values * 20}))


def test_groups_and_weights_are_not_learned_from() -> None:
    with configured(group_column="group", weight_column="count", id_column="key"):
        role = describe.roles(ROWS)
    assert role.features == ["x"]
    assert role.weights(ROWS).tolist() == [1.0] * 40  # type: ignore[union-attr]


def estimators() -> dict[str, Callable[[str, int], Any]]:
    """Boosting that counts rows by their weight alone, of each library."""

    def sklearn(kind: str, rounds: int) -> Any:
        module = pytest.importorskip("sklearn.ensemble")
        return getattr(module, f"HistGradientBoosting{kind}")(max_iter=rounds, min_samples_leaf=1, max_depth=2)

    def lightgbm(kind: str, rounds: int) -> Any:
        module = pytest.importorskip("lightgbm")
        options = {"min_child_samples": 1, "min_child_weight": 0, "min_data_in_bin": 1, "max_depth": 2}
        return getattr(module, f"LGBM{kind}")(n_estimators=rounds, verbose=-1, **options)

    def xgboost(kind: str, rounds: int) -> Any:
        module = pytest.importorskip("xgboost")
        return getattr(module, f"XGB{kind}")(n_estimators=rounds, tree_method="exact", max_depth=2)

    return {"scikit-learn": sklearn, "lightgbm": lightgbm, "xgboost": xgboost}


@pytest.mark.parametrize("kind", ["classification", "regression"])
@pytest.mark.parametrize("framework", estimators())
def test_a_weight_of_two_is_a_row_twice(framework: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"a": random.integers(0, 20, 300) * 1.0, "b": random.integers(0, 20, 300) * 1.0})
    noise = frame["a"] + frame["b"] + random.normal(0, 5, 300)
    y = noise if kind == "regression" else (noise > 20).map({True: "late", False: "early"})
    weights = pd.Series(random.integers(0, 4, 300) * 1.0)
    kinds = {"classification": "Classifier", "regression": "Regressor"}
    made = SimpleNamespace(build=lambda params, seed: estimators()[framework](kinds[kind], 5))
    encoder = SimpleNamespace(fit_transform=lambda rows, y: rows.to_numpy(), transform=lambda rows: rows.to_numpy())
    monkeypatch.setattr(model, "part", lambda name: made)
    with configured(problem_type=kind):
        weighted = model.fit(frame, y, {"seed": 0}, encoder, weights)
        positions = np.repeat(np.arange(300), weights.astype(int))
        repeated = model.fit(frame.iloc[positions], y.iloc[positions], {"seed": 0}, encoder)
        plain = model.fit(frame, y, {"seed": 0}, encoder)
        first, second, other = (fitted.predict(frame).iloc[:, -1] for fitted in (weighted, repeated, plain))
    np.testing.assert_allclose(first, second, rtol=1e-4)
    assert not np.allclose(first, other, rtol=1e-3)


def test_an_estimator_that_takes_no_weights_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from sklearn.neighbors import KNeighborsClassifier

    monkeypatch.setattr(problem.part("model"), "build", lambda params, seed: KNeighborsClassifier())
    with configured(), pytest.raises(Failure, match=r"KNeighborsClassifier takes no weights: .*model\.py"):
        model.fit(ROWS[["x"]], ROWS["y"], {"seed": 0}, weights=ROWS["count"])


@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_metrics_with_weights_are_those_of_repeated_rows(kind: str) -> None:
    random = np.random.default_rng(0)
    y = pd.Series(random.choice(["a", "b", "c"], 90) if kind == "classification" else random.normal(size=90))
    probabilities = random.dirichlet([1, 1, 1], 90)
    frame = pd.DataFrame(probabilities, columns=[f"probability_{label}" for label in "abc"])
    frame.insert(0, "prediction", np.array([*"abc"])[probabilities.argmax(axis=1)])
    predictions = frame if kind == "classification" else pd.DataFrame({"prediction": random.normal(size=90)})
    weights = pd.Series(random.integers(0, 3, 90) * 1.0)
    positions = np.repeat(np.arange(90), weights.astype(int))
    score = getattr(defaults, f"{kind}_metrics")
    weighted = score(y, predictions, weights)
    assert weighted == pytest.approx(score(y.iloc[positions], predictions.iloc[positions]))
    assert weighted != pytest.approx(score(y, predictions))

    labels = np.array([*"abc"]) if kind == "classification" else None
    rule = train.baseline(y, predictions, labels, weights)
    pd.testing.assert_frame_equal(rule, train.baseline(y.iloc[positions], predictions, labels))


def test_a_metric_without_weights_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[Any, ...]] = []
    y, predictions, weights = ROWS["y"], ROWS[["x"]], ROWS["count"]

    def score(*given: Any) -> dict[str, float]:
        calls.append(given)
        return {"m": 1.0}

    monkeypatch.setattr(problem.part("metrics"), "score", score)
    assert problem.score(y, predictions, weights) == {"m": 1.0}
    assert len(calls[0]) == 2
    monkeypatch.setattr(problem.part("metrics"), "score", lambda t, p, weights=None: {"m": weights.sum()})
    assert problem.score(y, predictions, weights) == {"m": 40.0}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("target:", "targett:", r"unknown key targett: did you mean target\?"),
        ("holdout: 0.2", "holdout: 2", "holdout: it should be less than 1, not 2"),
        ("problem_type: ", "problem_type: x", "problem_type: it should be 'classification' or 'regression'"),
    ],
)
def test_a_mistake_in_the_settings_of_the_data_ends_every_command_with_its_name(
    old: str, new: str, message: str, workspace: Path, tmp_path: Path, cli: Any
) -> None:
    (tmp_path / "conf").mkdir()
    text = (workspace / "conf/data.yaml").read_text()
    assert re.search(f"^{old}", text, re.M)
    (tmp_path / "conf/data.yaml").write_text(re.sub(f"^{old}", new, text, flags=re.M))
    for name in ("params.yaml", "pyproject.toml"):
        (tmp_path / name).write_bytes((workspace / name).read_bytes())
    for command in ("train", "describe"):
        done = cli(command, check=False, PROJECT_ROOT=str(tmp_path))
        assert done.returncode == 2
        assert re.search(message, done.stderr) and "Traceback" not in done.stderr
