"""What conf/tune.yaml says: the ranges to search, and how much work a search may be."""

import difflib
from typing import TYPE_CHECKING, Any

from pydantic import Field, field_validator

from ...configuration import Settings, parse
from ...problem import part, path
from ...project import Failure, conf, params

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

FILE = "conf/tune.yaml"


class Range(Settings):
    """Numbers from low to high: whole ones if both are."""

    low: int | float
    high: int | float
    log: bool = False
    step: int | float | None = None


class Choices(Settings):
    """Values that are tried by name."""

    choices: list[bool | int | float | str | None] = Field(min_length=1)


class TuneSettings(Settings):
    """conf/tune.yaml: the range of each parameter, and counts of trials, folds and workers.

    `batch` trials are chosen together, before any of them has a score."""

    space: dict[str, Any]
    trials: int = Field(ge=1)
    folds: int = Field(ge=2)
    batch: int = Field(ge=1)
    workers: int | None = Field(default=None, ge=1)

    @field_validator("space")
    @classmethod
    def as_distributions(cls, value: dict[str, Any]) -> "dict[str, BaseDistribution]":
        return {name: distribution(name, range_) for name, range_ in value.items()}


def read(trials: int | None = None, workers: int | None = None) -> TuneSettings:
    """The file's settings, some of them overridden; raises Failure naming what is wrong.

    Without a range there is one trial, with the settings of params.yaml."""
    options = {"trials": trials, "workers": workers}
    given = conf("tune") | {key: value for key, value in options.items() if value is not None}
    found = parse(TuneSettings, given, FILE)
    check_names(found.space)
    return found if found.space else found.model_copy(update={"trials": 1})


def distribution(name: str, given: Any) -> "BaseDistribution":
    """{low, high, log, step} of whole or of real numbers, or {choices}, as Optuna's own."""
    from optuna import distributions as kinds

    place = f"{FILE}: space.{name}"
    if not isinstance(given, dict):
        raise Failure(f"{place} needs a range such as {{low: 1, high: 9}} or {{choices: [a, b]}}")
    if "choices" in given:
        return kinds.CategoricalDistribution(parse(Choices, given, place).choices)
    found = parse(Range, given, place)
    whole = isinstance(found.low, int) and isinstance(found.high, int)
    kind: Any = kinds.IntDistribution if whole else kinds.FloatDistribution
    try:
        made: BaseDistribution = kind(**found.model_dump(exclude_none=True))
    except (TypeError, ValueError) as error:
        raise Failure(f"{place}: {error}") from None
    return made


def check_names(space: "dict[str, BaseDistribution]") -> None:
    """Raise Failure naming a parameter that your model.py does not take.

    LightGBM and XGBoost take any name and ignore it, so one close to a known name is a mistake."""
    ours, build = params(), part("model").build
    base, seed = ours.get("model") or {}, ours["seed"]
    describe = getattr(build(base, seed), "get_params", dict)
    for name, range_ in space.items():
        value = getattr(range_, "choices", None) or (getattr(range_, "low", None),)
        try:
            build({**base, name: value[0]}, seed)
        except (TypeError, ValueError) as error:
            raise Failure(
                f"{FILE}: {path('model')} refuses {name}: {error}; name the parameters of your "
                "model there, or write `space: {}` to search nothing"
            ) from None
        close = difflib.get_close_matches(name, describe(), n=1, cutoff=0.85)
        if name not in describe() and close:
            raise Failure(f"{FILE}: the model knows no {name}: did you mean {close[0]}?")
