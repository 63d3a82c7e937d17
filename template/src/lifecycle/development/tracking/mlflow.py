"""MLflow: the file mlflow.db of this project, or the server that MLFLOW_TRACKING_URI names."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ...project import Failure
from . import mlflow_database
from .mlflow_connection import IMPATIENT, connected, database, experiment, server

if TYPE_CHECKING:
    from ..train import Run


def check() -> None:
    """Ask for the experiment, without the minutes of retries that are MLflow's default.

    A database that is not there yet is made when it is needed."""
    if not server() and not database().exists():
        mlflow_database.writable(database())
        return
    with connected(**IMPATIENT) as mlflow:
        experiment(mlflow)


def prepare() -> None:
    """Import MLflow, and make the database if it is not there yet."""
    with connected():
        import_module("mlflow.pyfunc")


def record(run: Run) -> str:
    """Parameters, metrics, pictures, data version, commit, environment and the model itself."""
    from . import mlflow_model

    facts, model = run.facts, run.folder
    assert model is not None
    with connected() as mlflow:
        with mlflow.start_run(experiment_id=experiment(mlflow), run_name=facts["version"]) as kept:
            mlflow.log_params(flat(facts["params"]))
            rule = {f"baseline_{key}": it for key, it in facts["baseline"].items()}
            mlflow.log_metrics(facts["metrics"] | rule)
            tags = {"version": facts["version"], "data_md5": facts["data"]["md5"]}
            mlflow.set_tags(tags | {"commit": facts["commit"] or "", "dirty": facts["dirty"]})
            mlflow.log_artifact(str(model / "model.json"))
            installed = mlflow_model.environment()
            mlflow.log_text("\n".join(map("==".join, installed.items())), "environment.txt")
            for title, figure in run.figures.items():
                mlflow.log_figure(figure, f"figures/{title}.png")
            if run.report:
                mlflow.log_artifact(str(run.report))
            mlflow_model.log(run, installed)
        return str(kept.info.run_id)


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
