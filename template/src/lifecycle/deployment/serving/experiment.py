"""The policy of an A/B test: champion and challenger share the requests while it runs.

It answers if conf/experiment.yaml says `running: true` and both versions are still those of the
design that `ab design` kept in releases/experiments/<name>.yaml. When one of them is exchanged the
experiment is over, and the champion answers everything again.
"""

import math
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ...development.fingerprint import remembered
from ...extensions import extends
from ...governance import approvals
from ...project import Failure, name, read_yaml, root
from .policies import Plan, Variant

RATES = ("correct", "rate")
ERRORS = ("absolute_error", "squared_error")
OUTCOMES = (*RATES, *ERRORS, "value")


@dataclass(frozen=True)
class Experiment:
    """conf/experiment.yaml: what is compared, and how sure the answer has to be."""

    name: str
    running: bool
    share: float
    outcome: str
    better: str
    rate: float | None
    deviation: float | None
    effect: float
    alpha: float
    power: float
    looks: int

    @property
    def sign(self) -> int:
        """-1 if less of the outcome is better."""
        return -1 if self.better == "less" else 1

    def settings(self) -> dict[str, Any]:
        """What must stay as it is from the design to the end."""
        kept = asdict(self)
        del kept["running"]
        return kept


def settings() -> Path:
    """Where the experiment is set."""
    return root() / "conf" / "experiment.yaml"


def read(path: Path) -> Experiment:
    """The experiment that is set; raises Failure, naming the key, if it makes no sense."""
    found = read_yaml(path)
    keys = [field.name for field in fields(Experiment)]
    for key in [*found, *keys]:
        if key not in keys or key not in found:
            problem = "is missing" if key in keys else f"is not known; there are {', '.join(keys)}"
            raise Failure(f"conf/experiment.yaml: {key} {problem}")

    def within(key: str, low: float, high: float) -> None:
        value = found[key]
        fits = isinstance(value, int | float) and not isinstance(value, bool) and low < value < high
        if not fits:
            raise Failure(f"conf/experiment.yaml: {key} must lie between {low:g} and {high:g}")

    for key, choices in (("running", (True, False)), ("outcome", OUTCOMES)):
        if found[key] not in choices:
            one = ", ".join(str(choice).lower() for choice in choices)
            raise Failure(f"conf/experiment.yaml: {key} must be one of {one}")
    usual = {"correct": "more", **dict.fromkeys(ERRORS, "less")}
    if (
        found["better"] not in ("more", "less")
        or usual.get(found["outcome"], found["better"]) != found["better"]
    ):
        wanted = usual.get(found["outcome"], "more or less")
        raise Failure(f"conf/experiment.yaml: better must be {wanted} for {found['outcome']}")
    if not isinstance(found["name"], str) or not approvals.NAME.fullmatch(found["name"]):
        raise Failure("conf/experiment.yaml: name must be letters, digits, points and hyphens")
    for key in ("share", "alpha", "power"):
        within(key, 0, 1)
    within("effect", 0, math.inf)
    within("looks", 0, 21)
    if not isinstance(found["looks"], int):
        raise Failure("conf/experiment.yaml: looks must be a whole number")
    within(*(("rate", 0, 1) if found["outcome"] in RATES else ("deviation", 0, math.inf)))
    return Experiment(**found)


def current() -> Experiment | None:
    """The experiment that is set; None if there is no conf/experiment.yaml."""
    return remembered(settings(), read) if settings().exists() else None


def file(experiment: Experiment) -> Path:
    """Where its design and the looks at it are kept."""
    return root() / "releases" / "experiments" / f"{experiment.name}.yaml"


def design(experiment: Experiment) -> dict[str, Any]:
    """The design that was kept; raises Failure if there is none, or the settings are others now."""
    if not file(experiment).exists():
        raise Failure(f"{experiment.name} was not designed: run `{name()} ab design`")
    kept = remembered(file(experiment), read_yaml)
    if kept["settings"] != experiment.settings():
        wrong = [
            key for key, it in experiment.settings().items() if kept["settings"].get(key) != it
        ]
        raise Failure(
            f"conf/experiment.yaml: {', '.join(wrong)} changed since {experiment.name} was "
            f"designed: change it back, or give the experiment a new name and run `ab design`"
        )
    return kept


@extends("policy", precedence=20)
def policy() -> Plan | None:
    experiment = current()
    if not experiment or not experiment.running:
        return None
    champion, challenger = approvals.champion(), approvals.challenger()
    if not champion or not challenger:
        return None
    kept = design(experiment)
    if (champion, challenger) != (kept["champion"], kept["challenger"]):
        return None
    variants = (
        Variant("champion", champion, 1 - experiment.share),
        Variant("challenger", challenger, experiment.share),
    )
    return Plan(variants, salt=experiment.name)
