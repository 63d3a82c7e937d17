"""What extends a training: throw-away extensions in a user's package, as higher rungs and other frameworks need."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lifecycle import problem, project
from lifecycle.data import describe
from lifecycle.development import model, train
from lifecycle.development.model import Model
from lifecycle.problem import part
from lifecycle.project import Failure
from tests.lifecycle.conftest import Write

EXTENDS = "from lifecycle.extensions import extends\n"


@pytest.fixture
def root(workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root of its own, where no tracker works: that would take seconds for each training."""
    shutil.copytree(workspace / "conf", tmp_path / "root" / "conf")
    shutil.copy(workspace / "params.yaml", tmp_path / "root")
    monkeypatch.setenv("PROJECT_ROOT", str(tmp_path / "root"))
    found = train.extensions
    tracked = "lifecycle.development.tracking"
    monkeypatch.setattr(
        train, "extensions", lambda point: [each for each in found(point) if not each.__module__.startswith(tracked)]
    )
    return tmp_path / "root"


@pytest.fixture
def table(workspace: Path) -> Iterator[tuple[pd.DataFrame, pd.Series]]:
    """The feature columns and the target of the rows to learn from."""
    frame = part("data").load(project.data_path())
    roles = describe.roles(frame)
    rows, *_ = part("data").split(frame)
    yield rows[roles.features], rows[roles.target]


def test_a_signature_that_does_not_fit_refuses_the_model_before_it_is_opened(
    trained: Model, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        "signatures.py",
        EXTENDS + "from lifecycle.project import Failure\n\n\n"
        '@extends("verify")\ndef signed(folder):\n'
        '    if not (folder / "model.sig").is_file():\n'
        '        raise Failure(f"{folder.name} is not signed")\n',
    )
    opened: list[Path] = []
    load = model.joblib.load

    def counted(path: Path) -> Any:
        opened.append(path)
        return load(path)

    monkeypatch.setattr(model.joblib, "load", counted)
    with pytest.raises(Failure, match=f"{trained.version} is not signed"):
        model.load(trained.version)
    assert opened == []
    signature = model.folder(trained.version) / "model.sig"
    signature.touch()
    try:
        assert model.load(trained.version).version == trained.version
    finally:
        signature.unlink()
    assert len(opened) == 1


CANDIDATES = """
from lifecycle.development.candidates import Candidate
from sklearn.dummy import DummyClassifier, DummyRegressor


def dummy(params, seed):
    return (DummyClassifier if {classes} else DummyRegressor)()


@extends("candidate", precedence=20)
def selected(params):
    return Candidate("selected", "the smallest of three within one standard error", params | {{"model": {{}}}}, dummy)


@extends("candidate", precedence=30)
def searched(params):
    return None
"""


def test_the_highest_candidate_that_holds_is_fitted_and_says_so(
    root: Path, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("lifecycle.development.candidates", exc_type=ImportError)
    classes = project.conf()["problem_type"] == "classification"
    write("automl.py", EXTENDS + CANDIDATES.format(classes=classes))
    run = train.train(project.data_path())
    assert "fitting the selected model: the smallest of three" in capsys.readouterr().out
    kept = json.loads((run.folder / "model.json").read_text())
    assert kept["candidate"] == "selected"
    assert kept["params"]["model"] == {}
    assert type(model.load().estimator).__name__.startswith("Dummy")


def test_a_training_without_candidates_names_params_yaml(trained: Model) -> None:
    pytest.importorskip("lifecycle.development.candidates", exc_type=ImportError)
    assert trained.facts["candidate"] == "params.yaml"


def test_every_framework_is_seeded_before_the_data_and_before_each_fit(root: Path, write: Write) -> None:
    write("torch_seed.py", EXTENDS + 'seeds = []\n\n\n@extends("seed")\ndef torch(number):\n    seeds.append(number)\n')
    train.train(project.data_path())
    from own_package.torch_seed import seeds  # type: ignore[import-not-found]

    assert seeds == [project.params()["seed"]] * 2


def test_numpys_old_generator_is_seeded(root: Path) -> None:
    pytest.importorskip("lifecycle.development.reproducible", exc_type=ImportError)
    train.train(project.data_path())
    drawn = np.random.random()
    np.random.seed(project.params()["seed"])
    assert drawn == np.random.random()


CONTEXTS = """
from contextlib import contextmanager

steps = []


@extends("training", precedence={outer})
@contextmanager
def outer(run):
    steps.append("outer in")
    try:
        yield
    finally:
        steps.append("outer out")


@extends("training", precedence={inner})
@contextmanager
def inner(run):
    steps.append("inner in")
    if {entering}:
        raise ValueError("no quota")
    yield
    steps.append("inner out")
    if {leaving}:
        raise ValueError("cannot sign")
"""


def test_contexts_are_entered_by_precedence_and_left_the_other_way(root: Path, write: Write) -> None:
    write("contexts.py", EXTENDS + CONTEXTS.format(outer=50, inner=1, entering=False, leaving=False))
    train.train(project.data_path())
    from own_package.contexts import steps  # type: ignore[import-not-found]

    assert steps == ["outer in", "inner in", "inner out", "outer out"]


def test_a_context_that_fails_on_entering_stops_the_training_and_closes_the_others(root: Path, write: Write) -> None:
    write("contexts.py", EXTENDS + CONTEXTS.format(outer=50, inner=1, entering=True, leaving=False))
    with pytest.raises(ValueError, match="no quota"):
        train.train(project.data_path())
    from own_package.contexts import steps  # type: ignore[import-not-found]

    assert steps == ["outer in", "inner in", "outer out"]
    assert not (root / "models").exists()


def test_a_context_that_fails_on_leaving_puts_the_model_aside(
    root: Path, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("contexts.py", EXTENDS + CONTEXTS.format(outer=50, inner=1, entering=False, leaving=True))
    with pytest.raises(ValueError, match="cannot sign"):
        train.train(project.data_path())
    (aside,) = (root / "models").iterdir()
    assert aside.name.startswith(".") and f"put aside as {aside}" in capsys.readouterr().out
    assert model.versions() == []


class Network:
    """A network of one layer in NumPy, in a file format of its own, as one of PyTorch would be."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def fit(self, rows: np.ndarray, y_true: np.ndarray) -> "Network":
        self.classes = len(np.unique(y_true))
        targets = np.eye(self.classes)[y_true] if self.classes < 20 else np.asarray(y_true, float)[:, None]
        self.weights, *_ = np.linalg.lstsq(self.inputs(rows), targets, rcond=None)
        return self

    def inputs(self, rows: np.ndarray) -> np.ndarray:
        weights = np.random.default_rng(self.seed).normal(size=(rows.shape[1], 8))
        return np.tanh(np.nan_to_num(rows) @ weights / 100)

    def predict(self, rows: np.ndarray) -> np.ndarray:
        return (self.inputs(rows) @ self.weights)[:, 0]


class Classifier(Network):
    def predict_proba(self, rows: np.ndarray) -> np.ndarray:
        scores = np.exp(self.inputs(rows) @ self.weights)
        return np.asarray(scores / scores.sum(axis=1, keepdims=True))


def own_save(network: Network, folder: Path) -> None:
    np.savez(folder / "network.npz", weights=network.weights, seed=network.seed)


def own_load(folder: Path) -> Network:
    kept = np.load(folder / "network.npz")
    network = (Classifier if project.conf()["problem_type"] == "classification" else Network)(int(kept["seed"]))
    network.weights = kept["weights"]
    return network


def test_an_estimator_with_a_format_of_its_own_is_trained_kept_and_served(
    root: Path, rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = part("model")
    kind = Classifier if project.conf()["problem_type"] == "classification" else Network
    monkeypatch.setattr(own, "build", lambda params, seed: kind(seed))
    monkeypatch.setattr(own, "save", own_save, raising=False)
    monkeypatch.setattr(own, "load", own_load, raising=False)
    run = train.train(project.data_path())
    assert run.folder and (run.folder / "network.npz").is_file() and run.model
    pd.testing.assert_frame_equal(model.load().predict(rows), run.model.predict(rows))


def test_sites_fit_on_one_encoder_and_the_same_classes(table: tuple[pd.DataFrame, pd.Series]) -> None:
    """A site of a federation may lack a class, and must not fit the encoder on its own rows."""
    rows, target = table
    encoder = part("features").build(project.params().get("features") or {})
    central = model.fit(rows, target, project.params(), encoder)
    before = repr(vars(encoder))
    labels = None if central.labels is None else central.labels.tolist()
    some = target == target.iloc[0] if labels is not None else pd.Series(True, target.index)
    some.iloc[: len(some) // 2] = True
    encoded: list[np.ndarray] = []

    class Site:
        def fit(self, numbers: np.ndarray, y_true: np.ndarray) -> None:
            encoded.extend([numbers, y_true])

    site = model.fit(
        rows[some],
        target[some],
        project.params(),
        encoder,
        fitted=True,
        labels=labels,
        build=lambda params, seed: Site(),
    )
    assert repr(vars(encoder)) == before and site.features is encoder
    assert site.facts["labels"] == central.facts["labels"]
    np.testing.assert_array_equal(encoded[0], encoder.transform(central.prepare(rows[some])))
    if labels is not None:
        assert [str(labels[code]) for code in encoded[1]] == target[some].astype(str).tolist()
        with pytest.raises(Failure, match="not among the labels"):
            model.fit(rows, target, project.params(), encoder, fitted=True, labels=labels[:1])


def test_contributions_of_the_estimator_add_up_to_what_the_model_predicts(trained: Model, rows: pd.DataFrame) -> None:
    """What an explanation needs: the encoded row and the estimator alone give the model's own prediction."""
    predictions, probabilities = trained.predict_arrays(trained.prepare(rows))
    encoded = trained.features.transform(trained.prepare(rows))
    alone: Any = trained.estimator
    direct = alone.predict(encoded) if probabilities is None else alone.predict_proba(encoded)
    np.testing.assert_array_equal(direct, predictions if probabilities is None else probabilities)


def test_a_misspelt_save_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part("model"), "saves", own_save, raising=False)
    with pytest.raises(Failure, match="did you mean save"):
        problem.optional("model", "save")
