"""Automated features take any column, encode one row as they encode many, and say what they are."""

import json
import warnings
from collections.abc import Iterator
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest

from lifecycle import project
from lifecycle.data import describe, features
from lifecycle.data.vectorizer import vectorizer
from lifecycle.development import defaults, model
from lifecycle.development.model import Model
from lifecycle.problem import part


@pytest.fixture(scope="module")
def automated(workspace: Path) -> Iterator[Model]:
    """A model of this project's data that learned from automated features."""
    frame = part("data").load(project.data_path())
    role, (rows, *_) = describe.roles(frame), part("data").split(frame)
    params = project.params()
    made = vectorizer(params.get("features") or {})
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)
        yield model.fit(rows[role.features], rows[role.target], params, made)


def test_a_row_alone_is_predicted_as_among_many(automated: Model, rows: pd.DataFrame, tmp_path: Path) -> None:
    joblib.dump(automated, tmp_path / "model")
    served = joblib.load(tmp_path / "model")
    many = automated.predict(rows)
    for row in range(3):
        one = served.predict(rows.iloc[[row]])
        pd.testing.assert_frame_equal(one, many.iloc[[row]], check_dtype=False)


def test_values_never_seen_are_predicted(automated: Model, rows: pd.DataFrame) -> None:
    few = rows.head(3).copy()
    for column in automated.facts["schema"]:
        kind = {"string": object, "datetime": "datetime64[ns]"}.get(column["type"], float)
        few[column["name"]] = pd.Series([None] * 3, index=few.index, dtype=kind)
        if kind is object:
            few.loc[0, column["name"]] = "never seen before"
    assert automated.predict(few)["prediction"].notna().all()
    assert len(automated.predict(few.iloc[[1]])) == 1


def test_each_feature_belongs_to_one_column(automated: Model, rows: pd.DataFrame) -> None:
    numbers = automated.features.transform(automated.prepare(rows))
    built = automated.features.built()
    assert list(built) == [column["name"] for column in automated.facts["schema"]]
    places = [place for _, places in built.values() for place in places]
    assert sorted(places) == list(range(numbers.shape[1]))


def test_categories_dates_and_words_are_distinguished() -> None:
    number = np.arange(400)
    frame = pd.DataFrame(
        {
            "amount": number / 7,
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(7 * number, unit="h"),
            "town": [f"town {row % 3}" for row in number],
            "words": [f"order {row} of {row % 9} books" for row in number],
            "nothing": np.nan,
        }
    )
    made = vectorizer({"max_categories": 20, "word_parts": 4})
    made.fit(frame, number % 2)
    sizes = {column: len(places) for column, (_, places) in made.built().items()}
    assert sizes == {"amount": 1, "day": 2, "town": 1, "words": 5, "nothing": 0}


def test_the_report_finds_the_column_that_matters(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "FOLDS", 2)
    monkeypatch.setattr(features, "SEEDS", 1)
    # With a metric that sees every mistake, and a target that nothing tells but the hint.
    classes = project.conf()["problem_type"] == "classification"
    usual = defaults.classification_metrics if classes else defaults.regression_metrics
    monkeypatch.setattr(part("metrics"), "score", usual)
    monkeypatch.setattr(part("metrics"), "PRIMARY", "roc_auc" if classes else "rmse")
    monkeypatch.setattr(part("metrics"), "GREATER_IS_BETTER", classes)
    frame = part("data").load(project.data_path()).sample(600, replace=True, random_state=0)
    role = describe.roles(frame)
    frame[role.target] = frame[role.target].sample(frac=1, random_state=0).to_numpy()
    code = pd.factorize(frame[role.target], sort=True)[0].astype(float)
    hint = code + np.random.default_rng(0).normal(0, code.std() / 50, len(code))
    frame.assign(x_hint=hint).to_parquet(tmp_path / "hinted.parquet")
    report = features.features(tmp_path / "hinted.parquet")
    best, *others = report["columns"]
    assert best["column"] == "x_hint" and best["importance"] > 3 * best["spread"] > 0
    assert {entry["column"] for entry in others} == set(role.features)
    assert report["low"] <= report["difference"] <= report["high"]
    folder = workspace / "reports"
    assert json.loads((folder / "features.json").read_text(encoding="utf-8")) == report
    assert "x_hint" in (folder / "features.html").read_text(encoding="utf-8")
    other = any(model.versions())  # the newest did not learn from this table
    assert [item.state for item in features.evidence()] == ["missing" if other else "proven"]


def test_the_interval_is_that_of_the_corrected_t() -> None:
    # By hand: differences 1, 2, 3 have variance 1; t(0.975, 2) = 4.3027; sqrt(1/3 + 1/2) = 0.9129.
    found = features.difference([1.0, 1.0, 1.0], [2.0, 3.0, 4.0], 0.5)
    assert found["difference"] == 2
    assert found["high"] - 2 == pytest.approx(4.3027 * 0.9129, abs=1e-3)
    assert 2 - found["low"] == pytest.approx(found["high"] - 2)
