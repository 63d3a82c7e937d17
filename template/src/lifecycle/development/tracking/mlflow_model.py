"""The model as MLflow keeps it: loads anywhere, with its columns, its packages and its code."""

import re
import warnings
from importlib import metadata
from typing import TYPE_CHECKING, Any

from ...extensions import yours
from ...project import PACKAGE, described, name

if TYPE_CHECKING:
    from ..model import Model
    from ..train import Run

TYPES = {"integer": "long", "number": "double"}


def log(run: "Run", installed: dict[str, str]) -> None:
    """Add the files of the model to the active run."""
    from mlflow.models import ModelSignature, infer_signature
    from mlflow.pyfunc import log_model
    from mlflow.types.schema import ColSpec, Schema

    columns: list[Any] = [
        ColSpec(TYPES.get(column["type"], column["type"]), column["name"], not column["nullable"])
        for column in run.facts["schema"]
    ]
    assert run.prediction is not None
    with warnings.catch_warnings():
        # Of gaps in whole numbers, and of a signature that MLflow did not find out by itself.
        warnings.simplefilter("ignore")
        log_model(
            name="model",
            loader_module=__name__,
            data_path=str(run.folder),
            signature=ModelSignature(
                Schema(columns), infer_signature(run.prediction.head()).inputs
            ),
            pip_requirements=requirements(run, installed),
            code_paths=[str(PACKAGE), str(yours()[1])],
        )


def _load_pyfunc(path: str) -> "Model":
    """What MLflow calls to load a model: its `predict` is the one that this project serves."""
    from .. import model

    return model.load(path)


def requirements(run: "Run", installed: dict[str, str]) -> list[str]:
    """What the model needs to predict: the libraries of the facts, the estimator's, and yours."""
    yours = described()["project"].get("dependencies", [])
    needed = {*run.facts["packages"], *(re.split(r"[^\w.-]", line.lower())[0] for line in yours)}
    needed |= {"cloudpickle", "pyyaml"}
    return [
        f"{package}=={version}"
        for package, version in installed.items()
        if package in needed or package.partition("-")[0] == run.facts["library"]
    ]


def environment() -> dict[str, str]:
    """Every installed package with its version."""
    found = {dist.name.lower().replace("_", "-"): dist.version for dist in metadata.distributions()}
    found.pop(name(), None)
    return dict(sorted(found.items()))
