"""Design an experiment: how many units it takes, and when it may be looked at."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ...governance import approvals, trail
from ...monitoring import prediction_log
from ...project import Failure, write_atomically
from ..serving import experiment
from ..serving.experiment import Experiment
from . import sequential
from .sequential import Design, Size

FEWEST = 30  # units of an arm at a look: the mean of fewer is not normally distributed


def required() -> Experiment:
    """The experiment in conf/experiment.yaml; raises Failure if there is none."""
    if (found := experiment.current()) is None:
        raise Failure(
            f"there is no {experiment.experiment_path()}: bring it back with `git checkout`"
        )
    return found


def planned(setting: Experiment) -> tuple[Design, Size]:
    """The design that is set, and the units it takes; raises Failure if those are too few."""
    plan = Design(
        effect=setting.minimum_effect,
        alpha=setting.alpha,
        power=setting.power,
        looks=setting.looks,
        share=setting.challenger_share,
    )
    size = sequential.size(plan, *variances(setting))
    if min(size.champion, size.challenger) < FEWEST * setting.looks:
        raise Failure(
            f"conf/experiment.yaml: an effect as large as this takes {size.champion} and "
            f"{size.challenger} units, too few for {setting.looks} looks: set a smaller "
            "minimum_effect"
        )
    return plan, size


def variances(setting: Experiment) -> tuple[float, float]:
    """The variance of a unit's outcome for the champion, and for a challenger that is better."""
    if setting.standard_deviation is not None and setting.outcome not in experiment.RATES:
        return setting.standard_deviation**2, setting.standard_deviation**2
    rate = setting.champion_rate or 0.0
    better = rate + setting.sign * setting.minimum_effect
    if not 0 < better < 1:
        raise Failure(
            "conf/experiment.yaml: champion_rate and minimum_effect together pass beyond 0 or 1"
        )
    return rate * (1 - rate), better * (1 - better)


def design() -> dict[str, Any]:
    """What the experiment takes; kept, if there are a champion and a challenger."""
    setting = required()
    plan, size = planned(setting)
    champion, challenger = approvals.champion(), approvals.challenger()
    total, daily = size.champion + size.challenger, traffic()
    found: dict[str, Any] = {
        "format": experiment.FORMAT,
        "name": setting.name,
        "settings": setting.fixed(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "champion": champion,
        "challenger": challenger,
        "units": {"champion": size.champion, "challenger": size.challenger},
        "planned": [{"fraction": at, "bound": bound} for at, bound in sequential.path(plan)],
        "looks": [],
    }
    if champion and challenger:
        path = experiment.design_path(setting)
        if path.exists() and experiment.read_design(path)["looks"]:
            raise Failure(f"{setting.name} was looked at already: give the experiment a new name")
        keep(path, found)
        trail.record("experiment designed", challenger, experiment=setting.name, against=champion)
    return found | {"requests_a_day": daily, "days": total / daily if daily else None}


def keep(path: Path, found: dict[str, Any]) -> None:
    """Write a design with the looks so far."""
    import yaml

    write_atomically(path, yaml.safe_dump(found, sort_keys=False))


def request_id(row: dict[str, Any]) -> str:
    """The id of the whole request that a logged row came in: rows of a list are `id:0`, `id:1`."""
    return row["request_id"].rpartition(":")[0] or row["request_id"]


def traffic() -> float | None:
    """Requests a day in the last seven days of the prediction log; None if there were none."""
    rows: Iterable[dict[str, Any]] = prediction_log.read(datetime.now(UTC) - timedelta(days=7))
    first, requests = None, set()
    for row in rows:
        first = first or datetime.fromisoformat(row["time"])
        requests.add((row["time"], request_id(row)))
    if first is None:
        return None
    return len(requests) / max((datetime.now(UTC) - first) / timedelta(days=1), 1 / 24)
