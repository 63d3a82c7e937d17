"""Look at an experiment: a verdict at the looks that were designed, and none between them."""

from copy import deepcopy
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ...governance import trail
from ..serving import experiment
from ..serving.experiment import Experiment
from . import design, outcomes, sequential
from .outcomes import Units
from .sequential import Arm, Look


def analyse(path: Path) -> dict[str, Any]:
    """Look at the experiment with the outcomes in a table, if a look is due; otherwise say only
    when it will be."""
    setting = design.required()
    kept = deepcopy(experiment.kept_design(setting))
    plan, size = design.planned(setting)
    units = outcomes.units(setting, kept, path)
    arms = {variant: arm(units, variant) for variant in setting.shares}
    now = sequential.information(arms["champion"].units, arms["challenger"].units)
    before = [one["information"] for one in kept["looks"]]
    due = next_look(setting, [one / size.information for one in before])
    if kept["looks"] and kept["looks"][-1]["decision"] != "continue":
        decision = kept["looks"][-1]["decision"]
    elif units.doubts:
        decision = "none: mend the test first"
    elif now < due * size.information:
        decision = "none: too early"
    else:
        signed = [one._replace(mean=setting.sign * one.mean) for one in arms.values()]
        seen = sequential.look(signed[0], signed[1], before, size.information, plan)
        decision = seen.decision
        keep_look(setting, kept, seen, arms)
    return {
        "name": setting.name,
        "outcome": setting.outcome,
        "better": setting.better,
        "champion": kept["champion"],
        "challenger": kept["challenger"],
        "counts": units.counts,
        "doubts": units.doubts,
        "units": {variant: one.units for variant, one in arms.items()},
        "planned_units": kept["units"],
        "fraction": now / size.information,
        "due": due,
        "decision": decision,
        "looks": kept["looks"],
        "planned": kept["planned"],
    }


def keep_look(setting: Experiment, kept: dict[str, Any], seen: Look, arms: dict[str, Arm]) -> None:
    """Add a look to the design, and to the audit trail."""
    means = {variant: one.mean for variant, one in arms.items()}
    kept["looks"].append(described(seen, setting.sign) | {"means": means})
    design.keep(experiment.design_path(setting), kept)
    trail.record(
        "experiment looked at",
        kept["challenger"],
        experiment=setting.name,
        look=len(kept["looks"]),
        decision=seen.decision,
    )


def next_look(setting: Experiment, before: list[float]) -> float:
    """The fraction of the information at which the next look is due, after looks at others."""
    last = max(before, default=0.0)
    planned = [look / setting.looks for look in range(1, setting.looks + 1)]
    return next((at for at in planned if at > last + 1e-9), 1.0)


def arm(units: Units, variant: str) -> Arm:
    values = units.rows.loc[units.rows["variant"] == variant, "value"]
    return Arm(len(values), float(values.mean()), float(values.var()))


def described(look: Look, sign: int) -> dict[str, Any]:
    """A look as it is kept: the difference in the outcome's own unit, challenger less champion."""
    low, high = sorted((sign * look.low, sign * look.high))
    turned = {"difference": sign * look.difference, "low": low, "high": high}
    return {"time": datetime.now(UTC).isoformat(timespec="seconds")} | asdict(look) | turned
