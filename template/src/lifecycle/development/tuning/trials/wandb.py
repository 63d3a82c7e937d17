"""Weights & Biases: a run for each search, a step of it and a row of its table for each trial.

The runs lie in a folder of their own, wandb/tuning/, apart from the trainings, which `runs` lists;
`wandb sync` takes them from there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ....project import Failure, name
from ...tracking.wandb import folder, library

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


def record(trials: list[FrozenTrial], facts: dict[str, Any]) -> None:
    """Write the search down, unless it is there with as many trials."""
    id = f"{facts['study']}-{len(trials)}"
    if any((folder() / "tuning").glob(f"wandb/*run-*-{id}/*.wandb")):
        return
    wandb = library()
    (folder() / "tuning").mkdir(parents=True, exist_ok=True)
    try:
        with wandb.init(
            project=name(),
            id=id,
            name="tune",
            group=facts["study"],
            job_type="tune",
            dir=str(folder() / "tuning"),
            config={key: facts[key] for key in ("study", "data_md5", "trials", "base")},
            settings={"console": "off", "x_disable_stats": True, "init_timeout": 30},
        ) as kept:
            rows = [row(trial, facts["metric"]) for trial in trials]
            for values in rows:
                kept.log(values, step=values["trial"])
            columns = list(dict.fromkeys(key for values in rows for key in values))
            data = [[values.get(key) for key in columns] for values in rows]
            kept.log({"trials": wandb.Table(columns, data)})
            kept.summary.update({key: facts[key] for key in ("best", "default")})
    except (wandb.Error, OSError) as error:
        raise Failure(f"the trials were not recorded with Weights & Biases: {error}") from error


def row(trial: FrozenTrial, metric: str) -> dict[str, Any]:
    """One trial."""
    values = {f"model.{key}": value for key, value in trial.user_attrs["values"].items()}
    about = {"trial": trial.user_attrs["number"], "state": trial.state.name.lower()}
    whole = trial.state.name == "COMPLETE"  # the mean of fewer folds would not compare
    return about | ({metric: trial.value} if whole else {}) | values
