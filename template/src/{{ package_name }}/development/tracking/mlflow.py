"""MLflow: the file mlflow.db of this project, or the server that MLFLOW_TRACKING_URI names."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ...project import PACKAGE, Failure, name, root

if TYPE_CHECKING:
    from ..train import Run

QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
IMPATIENT = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "4"}


def uri() -> str:
    """Where the runs are kept."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{(root() / 'mlflow.db').as_posix()}"


def is_local() -> bool:
    """Whether the runs are in this project's own file."""
    return not os.environ.get("MLFLOW_TRACKING_URI")


@contextmanager
def answering(**environment: str) -> Iterator[Any]:
    """The mlflow library, quiet; what goes wrong with its server becomes a Failure."""
    for key, value in QUIET.items():
        os.environ.setdefault(key, value)
    import mlflow

    mlflow.set_tracking_uri(uri())
    before = {key: os.environ.get(key) for key in environment}
    os.environ.update(environment)
    try:
        yield mlflow
    except (mlflow.MlflowException, OSError) as error:
        reason = str(error).partition("\n")[0][:200]
        raise Failure(
            f"MLflow at {uri()} does not answer: start the server, mend MLFLOW_TRACKING_URI, "
            f"or unset it to record in mlflow.db ({reason})"
        ) from error
    finally:
        for key, value in before.items():
            os.environ.pop(key) if value is None else os.environ.update({key: value})


def experiment(mlflow: Any) -> str:
    """The id of the project's experiment, which is made when it is not there yet."""
    found = mlflow.get_experiment_by_name(name())
    if found:
        return str(found.experiment_id)
    location = (root() / "mlruns").resolve().as_uri() if is_local() else None
    return str(mlflow.create_experiment(name(), artifact_location=location))


def check() -> None:
    """Ask for the experiment once, without the minutes of retries that are MLflow's default."""
    with answering(**IMPATIENT) as mlflow:
        experiment(mlflow)


def record(run: Run) -> str:
    """Parameters, metrics, pictures, data version, commit, environment and the model itself."""
    facts = run.facts
    with (
        answering() as mlflow,
        mlflow.start_run(experiment_id=experiment(mlflow), run_name=facts["version"]) as active,
    ):
        mlflow.log_params(flat(facts["params"]))
        mlflow.log_metrics(facts["metrics"])
        mlflow.log_metrics({f"baseline_{key}": value for key, value in facts["baseline"].items()})
        mlflow.set_tags(
            {
                "version": facts["version"],
                "data_md5": facts["data"]["md5"],
                "commit": facts["commit"] or "",
                "dirty": facts["dirty"],
            }
        )
        mlflow.log_dict(facts, "model.json")
        mlflow.log_text("\n".join(pins(facts)), "requirements.txt")
        for title, figure in run.figures.items():
            mlflow.log_figure(figure, f"figures/{title}.png")
        mlflow.log_artifact(str(root() / "reports" / "training.html"))
        log_model(mlflow, run)
        return str(active.info.run_id)
