"""The policy of an A/B test: champion and challenger share the requests while it runs.

It answers if conf/experiment.yaml says `running: true` and both versions are still those of the
design that `ab design` kept in releases/experiments/<name>.yaml. When one of them is exchanged the
experiment is over, and the champion answers everything again.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from ...configuration import Settings, read
from ...development.fingerprint import remembered
from ...extensions import extends
from ...governance import approvals
from ...project import Failure, name, read_yaml, root
from .policies import Plan, Variant

FORMAT = 1  # of a design
RATES = ("correct", "conversion")
USUAL = {"correct": "higher", "absolute_error": "lower", "squared_error": "lower"}

Share = Annotated[float, Field(gt=0, lt=1, strict=True)]
Positive = Annotated[float, Field(gt=0, strict=True, allow_inf_nan=False)]


class Experiment(Settings):
    """conf/experiment.yaml: what is compared, and how sure the result has to be."""

    name: str
    running: Annotated[bool, Field(strict=True)]
    challenger_share: Share
    outcome: Literal["correct", "conversion", "absolute_error", "squared_error", "value"]
    better: Literal["higher", "lower"]
    champion_rate: Share | None
    standard_deviation: Positive | None
    minimum_effect: Positive
    alpha: Share
    power: Share
    looks: Annotated[int, Field(ge=1, le=20, strict=True)]

    @field_validator("name")
    @classmethod
    def is_file_name(cls, value: str) -> str:
        if not approvals.NAME.fullmatch(value):
            raise ValueError("it must be letters, digits, points and hyphens")
        return value

    @model_validator(mode="after")
    def fits_outcome(self) -> "Experiment":
        if self.better != USUAL.get(self.outcome, self.better):
            raise ValueError(f"better must be {USUAL[self.outcome]} for {self.outcome}")
        needed = "champion_rate" if self.outcome in RATES else "standard_deviation"
        if getattr(self, needed) is None:
            raise ValueError(f"{needed} must be a number for {self.outcome}")
        return self

    @property
    def sign(self) -> int:
        """-1 if lower is better."""
        return -1 if self.better == "lower" else 1

    @property
    def shares(self) -> dict[str, float]:
        """The variants with their shares of the requests."""
        return {"champion": 1 - self.challenger_share, "challenger": self.challenger_share}

    def fixed(self) -> dict[str, Any]:
        """What must stay as it is from the design to the end."""
        return self.model_dump(exclude={"running"})


def experiment_path() -> Path:
    """Where the experiment is set."""
    return root() / "conf" / "experiment.yaml"


def current() -> Experiment | None:
    """The experiment that is set; None if there is no conf/experiment.yaml."""
    path = experiment_path()
    return remembered(path, lambda it: read(Experiment, it)) if path.exists() else None


def design_path(experiment: Experiment) -> Path:
    """Where its design and the looks at it are kept."""
    return root() / "releases" / "experiments" / f"{experiment.name}.yaml"


def read_design(path: Path) -> dict[str, Any]:
    """A design that was kept; raises Failure if a newer template wrote it."""
    found = read_yaml(path)
    if found.get("format", FORMAT) > FORMAT:
        raise Failure(f"{path} was made by a newer template: climb first")
    return found


def kept_design(experiment: Experiment) -> dict[str, Any]:
    """The design that was kept; raises Failure if there is none, or the settings are others now."""
    path = design_path(experiment)
    if not path.exists():
        raise Failure(f"{experiment.name} was not designed: run `{name()} ab design`")
    kept, now = remembered(path, read_design), experiment.fixed()
    if kept["settings"] != now:
        changed = [key for key in now if kept["settings"].get(key) != now[key]]
        raise Failure(
            f"conf/experiment.yaml: {', '.join(changed)} changed since {experiment.name} was "
            f"designed: change it back, or give the experiment a new name and run `ab design`"
        )
    return kept


@extends("policy", precedence=20)
def policy() -> Plan | None:
    experiment = current()
    if not experiment or not experiment.running:
        return None
    versions = {"champion": approvals.champion(), "challenger": approvals.challenger()}
    if not all(versions.values()):
        return None
    kept = kept_design(experiment)
    if any(kept[variant] != version for variant, version in versions.items()):
        return None
    variants = (Variant(v, kept[v], share) for v, share in experiment.shares.items())
    return Plan(tuple(variants), salt=experiment.name)
