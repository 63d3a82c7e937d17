"""What a gate is: a function that holds an evaluation against its settings in conf/gates.yaml.

    class ProfitOptions(Settings):
        least: float

    @extends("gate")
    def profit(found: Evaluation, options: ProfitOptions) -> Iterator[Verdict]:
        value = found["metrics"]["profit"]["value"]
        yield verdict("profit", value >= options.least, f"{value:.0f} euros a day")

is used as soon as conf/gates.yaml has `gates: {profit: {least: 100}}`. The function's name is the
gate's; the model that annotates `options` (pydantic) says which settings it has. What cannot be
judged must not pass: a KeyError or TypeError counts as a figure that is missing.
"""

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

from pydantic import field_validator

from ...configuration import Settings
from ...extensions import extensions

Verdict = dict[str, Any]
Evaluation = dict[str, Any]


def gates() -> dict[str, Callable[..., Iterator[Verdict]]]:
    """Every gate by its name."""
    return {function.__name__: function for function in extensions("gate")}


def verdict(name: str, passed: bool, reason: str) -> Verdict:
    """An entry of reports/gate.json."""
    return {"name": name, "passed": passed, "reason": reason}


class Margin(Settings):
    """A margin in the metric's unit, or written as 5%: of a reference."""

    margin: float | str

    @field_validator("margin", mode="before")
    @classmethod
    def is_margin(cls, value: Any) -> Any:
        if not re.fullmatch(r"\d*\.?\d+(e-?\d+)?%?", str(value)):
            raise ValueError(f"write 0.01 or 5%, not {value!r}")
        return value

    def of(self, reference: Any) -> float:
        """The margin as a number, for a share that of the reference (0 if that is unknown)."""
        if not str(self.margin).endswith("%"):
            return float(self.margin)
        share = float(str(self.margin).removesuffix("%")) / 100
        return share * abs(reference) if is_number(reference) else 0.0


def is_number(*values: Any) -> bool:
    return all(isinstance(v, int | float) and math.isfinite(v) for v in values)


def improvement(found: Evaluation, interval: dict[str, Any]) -> tuple[float, float] | None:
    """The lower and upper bound of a difference in the deciding metric, turned so that more is
    better; None if they are unknown."""
    low, high = interval["low"], interval["high"]
    if not is_number(low, high):
        return None
    return (low, high) if found["greater_is_better"] else (-high, -low)
