"""The gates that look at metrics: baseline, limits, champion, slices."""

from collections.abc import Iterator

from pydantic import FiniteFloat, RootModel, model_validator

from ...configuration import Settings, meant
from ...extensions import extends
from ...project import Failure
from .verdicts import Evaluation, Margin, Verdict, improvement, is_number, verdict


@extends("gate")
def baseline(found: Evaluation, options: Margin) -> Iterator[Verdict]:
    """Better than the baseline by more than `margin`, surely: the lower bound counts."""
    primary = found["primary"]
    value = found["baseline"]["metrics"][primary]["value"]
    bounds = improvement(found, found["baseline"]["difference"][primary])
    if bounds is None or not is_number(value):
        yield verdict("baseline", False, "the difference to the baseline is unknown")
        return
    margin = options.of(value)
    reason = f"better by at least {bounds[0]:.4g} in {primary}, wanted {margin:.4g}"
    yield verdict("baseline", bounds[0] > margin, reason)


class Limits(Settings):
    """The smallest and the largest value that a metric may have."""

    min: FiniteFloat | None = None
    max: FiniteFloat | None = None

    @model_validator(mode="after")
    def one_limit(self) -> "Limits":
        if self.min is None and self.max is None:
            raise ValueError("write min, max or both")
        return self


class MetricLimits(RootModel[dict[str, Limits]]):
    """{metric: limits}"""


@extends("gate")
def metrics(found: Evaluation, options: MetricLimits) -> Iterator[Verdict]:
    """Each metric within its `min` and `max`."""
    for name, limits in options.root.items():
        if name not in found["metrics"]:
            known = meant(name, found["metrics"])
            raise Failure(f"conf/gates.yaml: gates.metrics: there is no metric {name}{known}")
        value, bounds = found["metrics"][name]["value"], limits.model_dump(exclude_none=True)
        wanted = " and ".join(f"{key} {limit:g}" for key, limit in bounds.items())
        if not is_number(value):
            yield verdict(f"metrics.{name}", False, f"{name} is not a number, wanted {wanted}")
            continue
        passed = bounds.get("min", value) <= value <= bounds.get("max", value)
        yield verdict(f"metrics.{name}", passed, f"{name} is {value:.4g}, wanted {wanted}")


@extends("gate")
def champion(found: Evaluation, options: Margin) -> Iterator[Verdict]:
    """Not worse than the champion by `margin` or more: the lower bound of the difference counts.

    A test for non-inferiority, as ICH E9 (1998, section 3.3.2) describes it."""
    other, primary = found["champion"], found["primary"]
    if other is None:
        yield verdict("champion", True, "there is no other champion yet")
        return
    version, value = other["version"], other["metrics"][primary]["value"]
    bounds = improvement(found, other["difference"][primary])
    if bounds is None or not is_number(value):
        yield verdict("champion", False, f"the difference to {version} is unknown")
        return
    margin = options.of(value)
    reason = f"{primary} is worse than that of {version} by at most {-bounds[0]:.4g}"
    yield verdict("champion", bounds[0] > -margin, f"{reason}, allowed is less than {margin:.4g}")


@extends("gate")
def slices(found: Evaluation, options: Margin) -> Iterator[Verdict]:
    """No slice with enough rows surely worse than all rows together by more than `margin`: the
    upper bound of the difference counts, for the worst of many small slices is worse by chance."""
    primary = found["primary"]
    whole = found["metrics"][primary]["value"]
    margin = options.of(whole)
    judged = [one for one in found["slices"] if one["judged"]]
    worse = []
    for one in judged:
        name, bounds = f"{one['column']} = {one['value']}", improvement(found, one["difference"])
        if bounds is None or not is_number(whole, one["metrics"].get(primary)):
            worse.append(f"{primary} of {name} cannot be computed")
        elif bounds[1] < -margin:
            worse.append(
                f"{primary} of {name} is worse by at least {-bounds[1]:.4g}, allowed {margin:.4g}"
            )
    least = found["settings"]["slice_min_rows"]
    reason = "; ".join(worse) or f"{len(judged)} slices of {least} rows or more"
    yield verdict("slices", not worse, reason)
