"""The model as MLflow keeps it: loads anywhere, with its columns, its packages and its code."""

import re
import warnings
from importlib import metadata
from typing import TYPE_CHECKING, Any

from ...project import PACKAGE, name

if TYPE_CHECKING:
    from ..train import Run

TYPES = {"integer": "long", "number": "double"}


def log(run: "Run", installed: dict[str, str]) -> None:
    """Add the model to the active run; its `predict` is the one that this project serves."""
    import pandas as pd
    from mlflow.models import ModelSignature, infer_signature
    from mlflow.pyfunc import PythonModel, log_model
    from mlflow.types.schema import ColSpec, Schema

    model: Any = run.model
    columns: list[Any] = [
        ColSpec(TYPES.get(column["type"], column["type"]), column["name"], not column["nullable"])
        for column in run.facts["schema"]
    ]
    answer = infer_signature(model.predict(pd.DataFrame(run.facts["examples"]))).inputs
    with warnings.catch_warnings():
        # MLflow would rather find the signature out by itself, which takes ten times as long.
        warnings.simplefilter("ignore")

        class Recorded(PythonModel):
            """A class in a function is stored whole, so that loading needs no tracking code."""

            def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
                return model.predict(model_input)

        log_model(
            name="model",
            python_model=Recorded(),
            signature=ModelSignature(Schema(columns), answer),
            pip_requirements=requirements(run, installed),
            code_paths=[str(PACKAGE)],
        )


def requirements(run: "Run", installed: dict[str, str]) -> list[str]:
    """What the model needs to predict: the libraries of the facts, the estimator's, and yours."""
    yours = metadata.requires(name()) or []
    needed = {*run.facts["packages"], *(re.split(r"[^\w.-]", line.lower())[0] for line in yours)}
    needed |= {"cloudpickle", "pyyaml"}
    library = type(getattr(run.model, "estimator", None)).__module__.partition(".")[0]
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
