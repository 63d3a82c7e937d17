"""A new mlflow.db is made by a process of its own, while the model is being learned.

Importing MLflow and its thousand small transactions take seconds that nobody needs to wait for."""

import os
import sqlite3
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

from ...project import Failure

FILL = f"import sys; from {__name__} import fill; fill(sys.argv[1])"


def begin(file: Path) -> None:
    """Start to make it; raises Failure at once if nothing can be written there."""
    try:
        draft(file).touch()
    except OSError as error:
        raise Failure(f"{file} cannot be made: {error}") from None
    making(file)


def finish(file: Path) -> None:
    """Wait until it is there; raises Failure if it could not be made."""
    try:
        making(file).result()
    finally:
        making.cache_clear()


@cache
def making(file: Path) -> Future[None]:
    """What is under way; Python ends no earlier than this thread, so no process is left behind."""
    return ThreadPoolExecutor(1).submit(make, file)


def make(file: Path) -> None:
    """The whole file appears at once, or not at all."""
    new = draft(file)
    try:
        command = [sys.executable, "-P", "-c", FILL, str(new)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = done.stderr.strip().rpartition("\n")[2]
            raise Failure(f"{file} cannot be made: {reason[:200]}")
        if not file.exists():  # else another training was faster
            new.replace(file)
    finally:
        new.unlink(missing_ok=True)


def draft(file: Path) -> Path:
    """Where it is filled."""
    return file.with_name(f".{file.name}.{os.getpid()}")


def fill(file: str) -> None:
    """In the process: make the tables and the experiment, without waiting for the disk, as MLflow
    does a thousand times. A power cut may cost the first run; later ones wait for the disk."""
    from . import mlflow_connection

    mlflow_connection.quieten()
    import mlflow
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    def relax(connection: Any, record: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous=OFF")

    event.listen(Engine, "connect", relax)
    mlflow.set_tracking_uri(f"sqlite:///{Path(file).as_posix()}")
    mlflow_connection.restore("MLFLOW_TRACKING_URI", {})  # MLflow writes it, see there
    try:
        mlflow_connection.experiment(mlflow)
    except Exception as error:  # the first line says what is wrong; the waiting process shows it
        sys.exit(str(error).partition("\n")[0])
