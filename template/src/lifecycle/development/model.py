"""A trained model: what it was made from, how it reads a row, and where it is kept."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype

from ..problem import optional, part
from ..project import Failure, conf, name, root


def column_schema(values: pd.Series) -> dict[str, Any]:
    """What a column must look like: name, type, whether it may be missing, and what was seen."""
    kinds = {"b": "boolean", "i": "integer", "u": "integer", "f": "number", "M": "datetime"}
    kind, known = kinds.get(values.dtype.kind, "string"), values.dropna()
    ranged = kind in ("integer", "number", "datetime") and len(known)
    seen = sorted(known.astype(str).unique()) if kind == "string" else []
    return {
        "name": str(values.name),
        "type": kind,
        "nullable": bool(values.isna().any()),
        "minimum": plain(known.min()) if ranged else None,
        "maximum": plain(known.max()) if ranged else None,
        "categories": seen if len(seen) <= 50 else None,
    }


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    return value.isoformat() if isinstance(value, pd.Timestamp) else value.item()


def is_ready(values: pd.Series, kind: str) -> bool:
    """Whether the column is already as the model reads it: rows from the server are."""
    if kind == "string":
        return values.dtype == object and infer_dtype(values) in ("string", "empty")
    return bool(values.dtype == ("datetime64[ns]" if kind == "datetime" else float))


def as_type(values: pd.Series, kind: str) -> pd.Series:
    """The column as the model reads it; raises Failure with the first value that does not fit."""
    if is_ready(values, kind):
        return values
    if kind == "string":
        if values.dtype.kind == "f" and (values.dropna() % 1 == 0).all():
            values = values.astype("Int64")  # a gap among whole numbers made 7 a 7.0
        return values.astype(object).where(values.isna(), values.astype(str))
    if kind == "datetime":
        cast = pd.to_datetime(values, errors="coerce", format="mixed", utc=True)
        cast = cast.dt.tz_localize(None).astype("datetime64[ns]")
    else:
        truths = {"true": 1, "false": 0} if kind == "boolean" else {}
        if values.dtype == object:
            values = values.map(lambda value: truths.get(str(value).lower(), value))
        cast = pd.to_numeric(values, errors="coerce").astype(float)
    if (wrong := cast.isna() & values.notna()).any():
        row = int(np.flatnonzero(wrong)[0])
        raise Failure(f"column {values.name}: {values.iloc[row]!r} in row {row + 1} is no {kind}")
    return cast


@dataclass
class Model:
    """A fitted encoder and estimator with the facts about them (model.json)."""

    features: Any
    estimator: Any
    labels: np.ndarray | None
    facts: dict[str, Any]

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
        predictions, chances = self.answer(self.prepare(frame))
        columns = {"prediction": predictions}
        if chances is not None:
            names = (f"probability_{label}" for label in self.facts["labels"])
            columns |= dict(zip(names, chances.T, strict=True))
        return pd.DataFrame(columns, frame.index)

    def answer(self, rows: Any) -> tuple[np.ndarray, np.ndarray | None]:
        """The predictions for rows as `prepare` returns them and, for classes, a column of
        probabilities for each label. Features that can do with columns alone may be given them."""
        numbers = self.features.transform(rows)
        if self.labels is None:
            return np.asarray(self.estimator.predict(numbers)), None
        if not hasattr(self.estimator, "predict_proba"):
            return self.labels[self.estimator.predict(numbers)], None
        chances = self.estimator.predict_proba(numbers)
        return self.labels[chances.argmax(axis=1)], chances


def fit(
    rows: pd.DataFrame, target: pd.Series, params: dict[str, Any], features: Any = None
) -> Model:
    """Train what your package builds on the feature columns `rows`; classes become 0, 1, 2, ...

    `features` is another transformer than that of your package. The facts are the schema of a row
    and the labels."""
    answer, labels = target.to_numpy(), None
    if conf()["problem_type"] == "classification":
        answer = answer.astype(str) if answer.dtype == object else answer
        labels, answer = np.unique(answer, return_inverse=True)
    features = features or part("features").build(params.get("features") or {})
    estimator = part("model").build(params.get("model") or {}, params["seed"])
    facts = {
        "schema": [column_schema(rows[column]) for column in rows],
        "labels": None if labels is None else labels.tolist(),
    }
    model = Model(features, estimator, labels, facts)
    estimator.fit(features.fit_transform(model.prepare(rows), answer), answer)
    return model


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
    """What is known of a version (model.json), without loading it."""
    return dict(json.loads((folder(version) / "model.json").read_text(encoding="utf-8")))


def save(model: Model) -> Path:
    """Keep a version: the whole folder appears at once, or not at all."""
    draft = folder() / f".{model.version}"
    draft.mkdir(parents=True)
    try:
        own_save = optional("model", "save")
        kept = {"features": model.features, "labels": model.labels}
        if own_save:
            own_save(model.estimator, draft)
        else:
            kept["estimator"] = model.estimator
        joblib.dump(kept, draft / "model.joblib")
        (draft / "model.json").write_text(json.dumps(model.facts, indent=2), encoding="utf-8")
        return draft.rename(folder(model.version))
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def load(version: str | None = None) -> Model:
    """A version by name or folder, by default the newest; raises Failure if it cannot be read."""
    path = folder(version or latest())
    if not (path / "model.json").is_file():
        raise Failure(f"there is no model {version}; there are: {', '.join(versions()) or 'none'}")
    try:
        kept = joblib.load(path / "model.joblib")
        estimator = kept["estimator"] if "estimator" in kept else optional("model", "load")(path)
        return Model(kept["features"], estimator, kept["labels"], facts(str(path)))
    except Exception as error:
        raise Failure(f"{path} cannot be read ({error}): train again or restore it") from error
