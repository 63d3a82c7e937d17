"""Where MLflow keeps the runs, and how to reach it without its minutes of patience."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...project import Failure, name, root
from . import mlflow_database

QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
IMPATIENT = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "4"}


def database() -> Path:
    """Where the runs are kept if no server is named."""
    return root().resolve() / "mlflow.db"


def server() -> str | None:
    """The shared server, if there is one."""
    return os.environ.get("MLFLOW_TRACKING_URI") or None


@contextmanager
def connected(**environment: str) -> Iterator[Any]:
    """The mlflow library, quiet and pointed at the right place; an error becomes a Failure."""
    before = dict(os.environ)
    quieten(**environment)
    import mlflow
    from sqlalchemy.exc import SQLAlchemyError

    address = server() or f"sqlite:///{database().as_posix()}"

    try:
        if not server() and not database().exists():
            mlflow_database.make(database())
        mlflow.set_tracking_uri(address)
        restore("MLFLOW_TRACKING_URI", before)  # MLflow writes it, which would look like a server
        yield mlflow
    except (mlflow.MlflowException, SQLAlchemyError, OSError) as error:
        raise Failure(
            f"MLflow at {address} does not answer: start the server, mend MLFLOW_TRACKING_URI, "
            f"or unset it to record in mlflow.db ({str(error).partition(chr(10))[0][:200]})"
        ) from error
    finally:
        for key in environment:
            restore(key, before)


def quieten(**environment: str) -> None:
    """Set what MLflow reads when it is imported; what the user has set stays."""
    os.environ.update({**QUIET, **os.environ, **environment})


def restore(key: str, before: dict[str, str]) -> None:
    """Give an environment variable the value that it had."""
    os.environ.pop(key, None)
    if key in before:
        os.environ[key] = before[key]


def experiment(mlflow: Any, title: str | None = None) -> str:
    """The id of an experiment, by default the project's, which is made when it is not there yet."""
    title = title or name()
    if found := mlflow.get_experiment_by_name(title):
        return str(found.experiment_id)
    folder = None if server() else (database().parent / "mlruns").as_uri()
    try:
        return str(mlflow.create_experiment(title, artifact_location=folder))
    except mlflow.MlflowException as error:
        # A slow server did what it was asked to, and refuses to do it again when it is asked twice.
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
        return str(mlflow.get_experiment_by_name(title).experiment_id)
