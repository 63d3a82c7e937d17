"""The gates that look at anything but metrics: behaviour, latency, size."""

from collections.abc import Iterator

from pydantic import Field

from ...configuration import Settings
from ...extensions import extends
from .verdicts import Evaluation, Verdict, is_number, verdict


class BehaviourOptions(Settings):
    max_failures: int = Field(ge=0)


@extends("gate")
def behaviour(found: Evaluation, options: BehaviourOptions) -> Iterator[Verdict]:
    """At most so many failures among the tests of behaviour; without a test there is no pass."""
    tests = found["behaviour"]
    broken = [f"{one['name']} ({one['detail']})" for one in tests if one["passed"] is not True]
    reason = f"{len(tests) - len(broken)} of {len(tests)} tests hold"
    reason += f"; broken: {'; '.join(broken)}" if broken else ""
    yield verdict("behaviour", bool(tests) and len(broken) <= options.max_failures, reason)


class LatencyOptions(Settings):
    one_row_ms: float | None = Field(None, ge=0)
    hundred_rows_ms: float | None = Field(None, ge=0)


@extends("gate")
def latency(found: Evaluation, options: LatencyOptions) -> Iterator[Verdict]:
    """The 99th percentile in milliseconds, for a prediction of one row and of a hundred."""
    rows = {"one_row_ms": "1", "hundred_rows_ms": "100"}
    for name, most in options.model_dump(exclude_none=True).items():
        taken = found["latency_ms"][rows[name]]["p99"]
        passed = is_number(taken) and taken <= most
        text = f"{taken:.3g} ms" if is_number(taken) else "unknown"
        yield verdict(f"latency.{name}", passed, f"p99 is {text}, allowed {most:g}")


class SizeOptions(Settings):
    megabytes: float = Field(ge=0)


@extends("gate")
def size(found: Evaluation, options: SizeOptions) -> Iterator[Verdict]:
    """The version's folder in megabytes."""
    taken = found["bytes"]
    passed = is_number(taken) and taken <= options.megabytes * 1e6
    text = f"{taken / 1e6:.3g} MB" if is_number(taken) else "unknown"
    yield verdict("size", passed, f"the size is {text}, allowed {options.megabytes:g}")
