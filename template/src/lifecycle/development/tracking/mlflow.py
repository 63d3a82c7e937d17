"""MLflow: the file mlflow.db of this project, or the server that MLFLOW_TRACKING_URI names."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ...project import Failure
from . import mlflow_database
from .mlflow_connection import IMPATIENT, connected, database, experiment, server


def check() -> None:
    """Ask for the experiment, without the minutes of retries that are MLflow's default.

    A database that is not there yet is made when it is needed."""
    if not server() and not database().exists():
        mlflow_database.writable(database())
        return
    with connected(**IMPATIENT) as mlflow:
        experiment(mlflow)


def record(facts: dict[str, Any], files: Path) -> str:
    """Parameters, metrics, pictures, data version, commit, environment and the model itself."""
    from .. import model
    from . import mlflow_model

    version = facts["version"]
    with connected() as mlflow:
        begun = unfinished(mlflow, version)
        with mlflow.start_run(begun, experiment_id=experiment(mlflow), run_name=version) as kept:
            mlflow.log_params(flat(facts["params"]))
            baseline = {f"baseline_{key}": value for key, value in facts["baseline"].items()}
            mlflow.log_metrics(facts["metrics"] | baseline)
            tags = {"version": version, "data_md5": facts["data"]["md5"]}
            mlflow.set_tags(tags | {"commit": facts["commit"] or "", "dirty": facts["dirty"]})
            mlflow.log_artifact(str(model.folder(version) / "model.json"))
            mlflow.log_artifacts(str(files))
            installed = mlflow_model.environment()
            mlflow.log_text("\n".join(map("==".join, installed.items())), "environment.txt")
            mlflow_model.log(facts, installed)
        return str(kept.info.run_id)


def unfinished(mlflow: Any, version: str) -> str | None:
    """The run of a recording that was cut off."""
    query = f"attributes.run_name = '{version}' and attributes.status != 'FINISHED'"
    found = mlflow.MlflowClient().search_runs([experiment(mlflow)], query)
    return str(found[0].info.run_id) if found else None


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"model": {"depth": 3}} as {"model.depth": 3}."""
    return {
        key: value
        for name, item in values.items()
        for key, value in (
            flat(item, f"{prefix}{name}.") if isinstance(item, dict) else {prefix + name: item}
        ).items()
    }


def runs(limit: int) -> list[dict[str, Any]]:
    """The newest runs of the project's experiment."""
    with connected(**IMPATIENT) as mlflow:
        found = mlflow.MlflowClient().search_runs(
            [experiment(mlflow)], max_results=limit, order_by=["attributes.start_time DESC"]
        )
    return [
        {
            "id": run.info.run_id,
            "version": run.data.tags.get("version", run.info.run_name),
            "created": moment(run.info.start_time).isoformat(timespec="seconds"),
            "metrics": run.data.metrics,
            "params": run.data.params,
            "data_md5": run.data.tags.get("data_md5", ""),
            "commit": run.data.tags.get("commit", ""),
        }
        for run in found
    ]


def newest() -> datetime | None:
    """The last run's time; the project's own file is read without the library, which is slow."""
    if server():
        found = runs(1)
        return datetime.fromisoformat(found[0]["created"]) if found else None
    if not database().exists():
        return None
    query = "select max(start_time) from runs where lifecycle_stage = 'active'"
    try:
        with closing(sqlite3.connect(database())) as file:
            time = file.execute(query).fetchone()[0]
    except sqlite3.Error as error:
        raise Failure(f"{database()} cannot be read ({error}): restore it or delete it") from None
    return moment(time) if time else None


def moment(milliseconds: int) -> datetime:
    """MLflow's time."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
