"""A training on this project's own data can be repeated, and the tracker holds it."""

import pandas as pd
import pytest

from lifecycle import project
from lifecycle.data import describe
from lifecycle.development import model
from lifecycle.development.model import Model
from lifecycle.development.tracking import tracker
from lifecycle.problem import load, part


def test_fitting_again_gives_the_same_predictions(trained: Model, rows: pd.DataFrame) -> None:
    if not trained.own:
        pytest.skip("it fitted another estimator than your model.build makes")
    frame = load(project.data_path())
    roles = describe.roles(frame)
    known, *_ = part("data").split(frame)
    columns, target, weights = known[roles.features], known[roles.target], roles.weights(known)
    again = model.fit(columns, target, trained.facts["params"], weights=weights)
    pd.testing.assert_frame_equal(again.predict(rows), trained.predict(rows), check_exact=True)


def test_the_tracker_holds_the_training(trained: Model) -> None:
    (run,) = [run for run in tracker().runs(100) if run["version"] == trained.version]
    assert run["data_md5"] == trained.facts["data"]["md5"]
    for metric, value in trained.facts["metrics"].items():
        assert abs(run["metrics"][metric] - value) <= 1e-9 * abs(value)
