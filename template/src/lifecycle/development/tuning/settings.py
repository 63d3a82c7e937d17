"""What conf/tune.yaml says: the ranges to search, and how much work a search may be."""

import difflib
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...problem import part, path
from ...project import Failure, conf, params

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

FILE = "conf/tune.yaml"
NUMBERS = {"trials": 1, "folds": 2, "at_once": 1}  # with their lowest values


@dataclass(frozen=True)
class Settings:
    """A search: the range of each parameter, and counts of trials, folds and workers.

    Without a range there is one trial, with the settings of params.yaml.
    `at_once` trials are chosen together, before any of them has a score."""

    space: "dict[str, BaseDistribution]"
    trials: int
    folds: int
    at_once: int
    workers: int | None


def read(trials: int | None = None, workers: int | None = None) -> Settings:
    """The file's settings, some of them overridden; raises Failure naming what is wrong."""
    options = {"trials": trials, "workers": workers}
    given = conf("tune") | {key: value for key, value in options.items() if value is not None}
    known(given, ["space", *NUMBERS, "workers"], "a setting")
    given.setdefault("workers", None)
    numbers = NUMBERS | ({} if given["workers"] is None else {"workers": 1})
    for key, lowest in numbers.items():
        if type(given.get(key)) is not int or given[key] < lowest:
            raise Failure(f"{FILE}: {key} must be a whole number, {lowest} or more")
    if not isinstance(given.get("space"), dict):
        raise Failure(f"{FILE}: `space` must name the parameters to search, each with its range")
    space = {str(name): distribution(name, range_) for name, range_ in given["space"].items()}
    accepted(space)
    given["trials"] = given["trials"] if space else 1
    return Settings(space, *(given[key] for key in (*NUMBERS, "workers")))


def known(given: Collection[str], names: list[str], what: str) -> None:
    """Raise Failure for a key that is not among the names."""
    for key in given:
        if key not in names:
            close = difflib.get_close_matches(str(key), names, n=1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(names)}"
            raise Failure(f"{FILE}: {key!r} is not {what}: {hint}")


def distribution(name: str, given: Any) -> "BaseDistribution":
    """{low, high, log, step} of whole or of real numbers, or {choices}."""
    from optuna import distributions as kinds

    if not isinstance(given, dict):
        raise Failure(
            f"{FILE}: {name} needs a range such as {{low: 1, high: 9}} or {{choices: []}}"
        )
    kind: Any = kinds.FloatDistribution
    if "choices" in given:
        kind = kinds.CategoricalDistribution
    elif all(type(given.get(end)) is int for end in ("low", "high")):
        kind = kinds.IntDistribution
    keys = ["choices"] if "choices" in given else ["low", "high", "log", "step"]
    known(given, keys, f"part of the range of {name}")
    try:
        made: BaseDistribution = kind(**given)
    except (TypeError, ValueError) as error:
        raise Failure(f"{FILE}: the range of {name}: {error}") from None
    return made


def accepted(space: "dict[str, BaseDistribution]") -> None:
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
