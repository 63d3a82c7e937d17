"""The model as MLflow keeps it: loads anywhere, with its columns, its packages and its code."""

import re
import warnings
from importlib import metadata
from typing import TYPE_CHECKING, Any

from ...extensions import yours
from ...project import PACKAGE, described, name

if TYPE_CHECKING:
    from ..model import Model

TYPES = {"integer": "long", "number": "double"}
LABELS = {bool: "boolean", int: "long", float: "double", str: "string"}


def log(facts: dict[str, Any], installed: dict[str, str]) -> None:
    """Add the files of the model to the active run."""
    from mlflow.models import ModelSignature
    from mlflow.pyfunc import log_model
    from mlflow.types.schema import ColSpec, Schema

    from .. import model

    columns: list[Any] = [
        ColSpec(TYPES.get(column["type"], column["type"]), column["name"], not column["nullable"])
        for column in facts["schema"]
    ]
    labels = facts["labels"] or []
    kind = LABELS[type(labels[0])] if labels else "double"
    probabilities = [ColSpec("double", f"probability_{label}") for label in labels]
    with warnings.catch_warnings():
        # Of gaps in whole numbers, and of a signature that MLflow did not find out by itself.
        warnings.simplefilter("ignore")
        log_model(
            name="model",
            loader_module=__name__,
            data_path=str(model.folder(facts["version"])),
            signature=ModelSignature(
                Schema(columns), Schema([ColSpec(kind, "prediction"), *probabilities])
            ),
            pip_requirements=requirements(facts, installed),
            code_paths=[str(PACKAGE), str(yours()[1])],
        )


def _load_pyfunc(path: str) -> "Model":
    """What MLflow calls to load a model: its `predict` is the one that this project serves."""
    from .. import model

    return model.load(path)


def requirements(facts: dict[str, Any], installed: dict[str, str]) -> list[str]:
    """What the model needs to predict: the libraries of the facts, the estimator's, and yours."""
    from .. import model

    library = type(model.load(facts["version"]).estimator).__module__.partition(".")[0]
    yours = described()["project"].get("dependencies", [])
    needed = {*facts["packages"], *(re.split(r"[^\w.-]", line.lower())[0] for line in yours)}
    needed |= {"cloudpickle", "pyyaml"}
    return [
        f"{package}=={version}"
        for package, version in installed.items()
        if package in needed or package.partition("-")[0] == library
    ]


def environment() -> dict[str, str]:
    """Every installed package with its version."""
    found = {dist.name.lower().replace("_", "-"): dist.version for dist in metadata.distributions()}
    found.pop(name(), None)
    return dict(sorted(found.items()))
