"""The gate on real flights: the models of the template pass its defaults, and each kind of bad model is stopped."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import ladder

pytestmark = pytest.mark.xdist_group("gates")

# Knows nothing of one carrier, looks at its neighbours, takes its time, and is large.
BAD = '''
"""A model that a gate must stop."""

import time

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor

CARRIER = 2  # after the weekday and the hour of the departure


class Bad(HistGradientBoostingRegressor):
    def fit(self, rows, target):
        self.ballast_ = np.random.default_rng(0).random(500_000)
        codes, counts = np.unique(rows[:, CARRIER], return_counts=True)
        self.unlucky_ = codes[counts.argmax()]
        return super().fit(rows, target)

    def predict(self, rows):
        time.sleep(0.6)
        said = super().predict(rows) + 0.01 * rows[:, CARRIER].mean()
        return said + 40 * (rows[:, CARRIER] == self.unlucky_)


def build(params, seed):
    return Bad(**params, random_state=seed)
'''
IGNORANT = '''
"""A model that has learned nothing."""

from sklearn.dummy import DummyRegressor


def build(params, seed):
    return DummyRegressor(strategy="median")
'''


@dataclass
class Project:
    """A copy of the living project that works elsewhere."""

    root: Path
    python: Path

    def run(self, *arguments: str, check: bool = True) -> Any:
        command = [self.python, "-m", "lifecycle.cli", *arguments]
        env = {"PYTHONPATH": str(self.root / "src"), "PROJECT_ROOT": str(self.root)}
        return ladder.run(command, self.root, check=check, **env)

    def gated(self) -> dict[str, Any]:
        """The newest model, evaluated and judged."""
        self.run("evaluate")
        done = self.run("gate", "--json", check=False)
        result = json.loads(done.stdout)
        assert done.returncode == (0 if result["passed"] else 1), done.stderr
        return dict(result)

    def learn(self, model: str) -> None:
        """Train with another model.py."""
        (self.root / "src/living_project/model.py").write_text(model)
        self.run("train")


def copied(live: Callable[..., Path], folder: Path, **answers: Any) -> Project:
    installed = live(level=2, **answers)
    ladder.copied(installed, folder)
    return Project(folder, installed / ".venv/bin/python")


def failed(result: dict[str, Any]) -> set[str]:
    return {one["name"] for one in result["gates"] if not one["passed"]}


def test_the_first_model_of_the_flights_passes(live: Callable[..., Path], tmp_path: Path) -> None:
    project = copied(live, tmp_path / "project", problem_type="classification")
    project.run("train")
    result = project.gated()
    assert failed(result) == set(), result
    found = json.loads((project.root / "reports/evaluation.json").read_text())
    assert found["block_rows"] > 20  # flights of one day are late together
    assert {one["column"] for one in found["slices"]} == {"carrier", "origin"}
    assert "rain delays" in {one["name"] for one in found["behaviour"]}
    page = (project.root / "reports/evaluation.html").read_text()
    assert page.count("<svg") == 2 and "carrier = UA" in page


def test_a_bad_model_is_stopped_for_each_of_its_faults(live: Callable[..., Path], tmp_path: Path) -> None:
    project = copied(live, tmp_path / "project", problem_type="regression")
    settings = project.root / "conf/gates.yaml"
    wanted = yaml.safe_load(settings.read_text())
    wanted["measure"]["resamples"] = 40
    wanted["gates"]["size"]["megabytes"] = 3
    settings.write_text(yaml.safe_dump(wanted))
    good = json.loads(project.run("train", "--json").stdout)["version"]
    result = project.gated()
    assert failed(result) == set(), result
    project.run("models", "register")
    project.run("models", "approve", good, "--who", "A test", "--reason", "It passed the gate")
    project.run("models", "alias", "champion", good)

    project.learn(BAD)
    result = project.gated()
    faults = {"champion", "slices", "behaviour", "latency.one_row_ms", "size"}
    assert faults <= failed(result), result
    reasons = {one["name"]: one["reason"] for one in result["gates"]}
    assert good in reasons["champion"]
    assert "carrier = " in reasons["slices"]
    assert "a row alone" in reasons["behaviour"]
    assert project.run("models", "register", check=False).returncode == 2

    project.learn(IGNORANT)
    result = project.gated()
    assert {"baseline", "metrics.r2", "champion", "behaviour"} <= failed(result), result
    assert project.run("gate", good, check=False).returncode == 1  # the evaluation is of another
