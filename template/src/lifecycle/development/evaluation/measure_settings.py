"""What conf/gates.yaml says of measuring: the intervals, the slices, the tests of behaviour.

The gates themselves stand in the same file: see deployment/gates/."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from ...configuration import Settings, parse
from ...project import conf

FILE = "conf/gates.yaml"
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]


class Measure(Settings):
    """How the metrics get their intervals, and what is looked at as a slice."""

    confidence: Annotated[Number, Field(ge=0.5, le=0.999)] = 0.95
    resamples: int = Field(default=200, ge=20, le=100_000)
    slices: list[str] | None = None
    slice_min_rows: int = Field(default=200, ge=2)


class Invariance(Settings):
    """A column that predictions must not depend on: each row gets another row's value."""

    name: str = ""
    unchanged_by: str
    tolerance: Annotated[Number, Field(ge=0)] = 0.0

    @property
    def column(self) -> str:
        return self.unchanged_by


class Direction(Settings):
    """A number that is changed, and the way in which predictions must follow."""

    name: str = ""
    column: str
    add: Number | None = None
    multiply: Number | None = None
    prediction: Literal["rises", "falls"]
    label: bool | int | float | str | None = None
    share_of_rows: Annotated[Number, Field(gt=0, le=1)] = 0.9

    @model_validator(mode="after")
    def one_change(self) -> "Direction":
        if (self.add is None) == (self.multiply is None):
            raise ValueError("write either add or multiply")
        return self


BehaviourTest = Invariance | Direction


class Gates(Settings):
    """conf/gates.yaml. Each gate and each test of behaviour is checked by its own model."""

    measure: Measure = Measure()
    behaviour: list[dict[str, Any]] = Field(default_factory=list)
    gates: dict[str, Any] = Field(default_factory=dict)


def read() -> Gates:
    """The settings; raises Failure, naming the key, if they make no sense."""
    return parse(Gates, {key: it for key, it in conf("gates").items() if it is not None}, FILE)


def behaviour_tests(settings: Gates) -> list[BehaviourTest]:
    """The tests of behaviour; raises Failure, naming test and key, if one makes no sense."""
    own = {*Direction.model_fields} - {*Invariance.model_fields}
    places = [
        (f"{FILE}: behaviour, test {number}", test)
        for number, test in enumerate(settings.behaviour, start=1)
    ]
    return [
        parse(Direction, test, place) if own & {*test} else parse(Invariance, test, place)
        for place, test in places
    ]


def recorded(settings: Gates) -> dict[str, Any]:
    """How it was measured, as the evaluation keeps it: a gate judges by no other settings."""
    return settings.measure.model_dump() | {"behaviour": settings.behaviour}
