"""MLflow: an experiment of its own, with a run for each search and a child run for each trial."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ....project import name
from ...tracking.mlflow_connection import connected, experiment
from ..search import value

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

STATUS = {"COMPLETE": "FINISHED", "PRUNED": "KILLED", "FAIL": "FAILED"}


def record(trials: list[FrozenTrial], facts: dict[str, Any]) -> None:
    """Add the missing trials; three messages each."""
    with connected() as mlflow:
        client = mlflow.MlflowClient()
        place = experiment(mlflow, f"{name()}-tune")  # `runs` lists the trainings' own
        parent = search_run(client, place, facts)
        query = f"tags.`mlflow.parentRunId` = '{parent}'"
        there = mlflow.search_runs([place], query, output_format="list", max_results=50_000)
        known = {run.data.tags["trial"] for run in there}
        for trial in trials:
            if str(trial.user_attrs["number"]) not in known:
                add(client, place, parent, trial, facts)
        for metric in ("best", "default", "trials"):
            client.log_metric(parent, metric, facts[metric])
        client.set_terminated(parent)


def search_run(client: Any, place: str, facts: dict[str, Any]) -> str:
    """The run that the trials of a study belong to."""
    query = f"tags.study = '{facts['study']}' and tags.trial = 'all'"
    if found := client.search_runs([place], query):
        return str(found[0].info.run_id)
    tags = {"study": facts["study"], "trial": "all", "data_md5": facts["data_md5"]}
    return str(client.create_run(place, tags=tags, run_name="tune").info.run_id)


def add(client: Any, place: str, parent: str, trial: FrozenTrial, facts: dict[str, Any]) -> None:
    """One trial, with its score after each fold."""
    from mlflow.entities import Metric, Param

    started, ended = (
        int(moment.timestamp() * 1000)
        for moment in (trial.datetime_start, trial.datetime_complete)
        if moment
    )
    number, metric = trial.user_attrs["number"], facts["metric"]
    tags = {"mlflow.parentRunId": parent, "trial": str(number), "study": facts["study"]}
    tags |= {"error": trial.user_attrs["error"]} if "error" in trial.user_attrs else {}
    run = client.create_run(place, started, tags, f"trial {number}").info.run_id
    means = trial.intermediate_values.items()
    scores = [Metric(f"{metric}_so_far", mean, ended, fold) for fold, mean in means]
    if trial.state.name == "COMPLETE":  # the mean of fewer folds would not compare
        scores.append(Metric(metric, value(trial), ended, 0))
    client.log_batch(
        run,
        scores,
        [Param(f"model.{key}", str(value)) for key, value in trial.user_attrs["values"].items()],
    )
    client.set_terminated(run, STATUS[trial.state.name], ended)
