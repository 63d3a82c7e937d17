"""A trained model: what it was made from, how it reads a row, and where it is kept.

Extension points: `verify(folder: Path) -> None` is called before the files of a version are opened,
from models/ or from a registry, and refuses the version by raising Failure. `seed(number) -> None`
seeds a library's random numbers, before a training reads the data and before each fit.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd

from ..extensions import extensions
from ..problem import optional, part
from ..project import Failure, conf, name, root
from .defaults import as_type, column_schema, weighted

Build = Callable[[dict[str, Any], int], Any]  # (params, seed) -> an estimator, not fitted
FORMAT = 1  # of a version's folder: model.json, model.joblib, and what your own `save` adds


@dataclass
class Model:
    """A fitted encoder and estimator with the facts about them (model.json).

    `own` says that your package built the estimator, so its `save` and `load` suit it."""

    features: Any
    estimator: Any
    labels: np.ndarray | None
    facts: dict[str, Any]
    own: bool = True

    @property
    def version(self) -> str:
        return str(self.facts["version"])

    def prepare(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The columns that the model was trained on, in their order and types.

        Raises Failure if a column is missing or holds a value of another type."""
        wanted = [column["name"] for column in self.facts["schema"]]
        if missing := [column for column in wanted if column not in frame]:
            held = ", ".join(map(str, frame.columns))
            raise Failure(f"missing from the table: {', '.join(missing)}; it has {held}")
        columns = {c["name"]: as_type(frame[c["name"]], c["type"]) for c in self.facts["schema"]}
        return pd.DataFrame(columns, index=frame.index)

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """A row each: `prediction` and, for classes, `probability_<label>`."""
        predictions, probabilities = self.predict_arrays(self.prepare(frame))
        columns = {"prediction": predictions}
        if probabilities is not None:
            names = (f"probability_{label}" for label in self.facts["labels"])
            columns |= dict(zip(names, probabilities.T, strict=True))
        return pd.DataFrame(columns, frame.index)

    def predict_arrays(self, rows: Any) -> tuple[np.ndarray, np.ndarray | None]:
        """The predictions (n) for rows as `prepare` returns them and, for classes, the
        probabilities (n x labels). Features that read columns alone may be given a dict of them."""
        encoded = self.features.transform(rows)
        if self.labels is None:
            return np.asarray(self.estimator.predict(encoded)), None
        if not hasattr(self.estimator, "predict_proba"):
            return self.labels[self.estimator.predict(encoded)], None
        probabilities = self.estimator.predict_proba(encoded)
        return self.labels[probabilities.argmax(axis=1)], probabilities


def fit(
    rows: pd.DataFrame,
    target: pd.Series,
    params: dict[str, Any],
    features: Any = None,
    weights: pd.Series | None = None,
    *,
    fitted: bool = False,
    labels: Sequence[Any] | None = None,
    build: Build | None = None,
) -> Model:
    """Train what your package builds on the feature columns `rows`; classes become 0, 1, 2, ...

    `features` replaces the transformer of your package; `fitted` says that it was fitted elsewhere.
    `weights` says how much each row counts (Failure if the estimator takes none). `labels` are all
    classes, where these rows may lack some (Failure for another one), and `build` replaces your
    model.build. The facts are the schema of a row and the labels."""
    seed(params["seed"])
    y_true, classes = target.to_numpy(), None
    if conf()["problem_type"] == "classification":
        y_true = y_true.astype(str) if y_true.dtype == object else y_true
        classes = np.unique(y_true if labels is None else np.asarray(labels))
        if len(unknown := np.setdiff1d(y_true, classes)):
            raise Failure(f"the target holds {unknown.tolist()}, which is not among the labels")
        y_true = np.searchsorted(classes, y_true)
    features = features or part("features").build(params.get("features") or {})
    estimator = (build or part("model").build)(params.get("model") or {}, params["seed"])
    facts = {
        "schema": [column_schema(rows[column]) for column in rows],
        "labels": None if classes is None else classes.tolist(),
    }
    model = Model(features, estimator, classes, facts, own=build is None)
    prepared = model.prepare(rows)
    encoded = features.transform(prepared) if fitted else features.fit_transform(prepared, y_true)
    estimator.fit(encoded, y_true, **weighted(estimator, weights))
    return model


def seed(number: int) -> None:
    """Seed every library that an extension knows how to seed."""
    for extension in extensions("seed"):
        extension(int(number))


def folder(version: str | None = None) -> Path:
    """Where the versions are kept, or where one is."""
    return root() / "models" / (version or "")


def versions() -> list[str]:
    """The versions that are complete, oldest first."""
    return sorted(path.parent.name for path in folder().glob("[!.]*/model.json"))


def latest() -> str:
    """The newest version; raises Failure if there is none."""
    if not (found := versions()):
        raise Failure(f"there is no model yet: run `{name()} train`")
    return found[-1]


def facts(version: str) -> dict[str, Any]:
    """What is known of a version (model.json), without loading it.

    Raises Failure if a newer release of the template wrote it; every older one can be read."""
    found = dict(json.loads((folder(version) / "model.json").read_text(encoding="utf-8")))
    if (number := found.get("format", FORMAT)) > FORMAT:
        raise Failure(
            f"{folder(version)} has format {number} and this project reads up to {FORMAT}: "
            "it was made by a newer release of the template, so update the project first"
        )
    return found


def save(model: Model) -> Path:
    """Keep a version: the whole folder appears at once, or not at all."""
    draft = folder() / f".{model.version}"
    draft.mkdir(parents=True)
    try:
        own_save = optional("model", "save") if model.own else None
        kept = {"features": model.features, "labels": model.labels}
        if own_save:
            own_save(model.estimator, draft)
        else:
            kept["estimator"] = model.estimator
        joblib.dump(kept, draft / "model.joblib")
        written = json.dumps({"format": FORMAT} | model.facts, indent=2)
        (draft / "model.json").write_text(written, encoding="utf-8")
        return draft.rename(folder(model.version))
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def load(version: str | None = None) -> Model:
    """A version by name or folder, by default the newest.

    Raises Failure if it cannot be read, or if an extension of `verify` refuses it."""
    path = folder(version or latest())
    if not (path / "model.json").is_file():
        raise Failure(f"there is no model {version}; there are: {', '.join(versions()) or 'none'}")
    known = facts(str(path))
    verify(path)
    try:
        kept = joblib.load(path / "model.joblib")
        own = "estimator" not in kept
        estimator = optional("model", "load")(path) if own else kept["estimator"]
    except Exception as error:
        raise Failure(f"{path} cannot be read ({error}): train again or restore it") from error
    return Model(kept["features"], estimator, kept["labels"], known, own)


def verify(path: Path) -> None:
    """Let every extension refuse to have the files of a version opened."""
    for extension in extensions("verify"):
        extension(path)
