"""What a training fits: your package's model with params.yaml, unless an extension has better.

    @extends("candidate", precedence=10)
    def candidate(params: dict) -> Candidate | None

is asked with the content of params.yaml, the highest precedence first; the first Candidate wins.
None says that there is none, or none that still fits: settings found for another params.yaml."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..extensions import extends, extensions

if TYPE_CHECKING:
    from .model import Build
    from .train import Run


@dataclass(frozen=True)
class Candidate:
    """Settings in the form of params.yaml, where they come from, and the reason to take them.

    `build(params, seed)` replaces model.build of your package; its estimator is kept with joblib,
    whatever your package saves."""

    source: str
    reason: str
    params: dict[str, Any]
    build: "Build | None" = None


def choose(params: dict[str, Any]) -> Candidate:
    """What a training with this params.yaml fits."""
    for extension in extensions("candidate"):
        found: Candidate | None = extension(params)
        if found:
            return found
    return Candidate("params.yaml", "", params)


@extends("training")
@contextmanager
def training(run: "Run") -> Iterator[None]:
    """Let the training fit the candidate; says which and why if it is not simply params.yaml."""
    candidate = choose(run.facts["params"])
    run.facts |= {"params": candidate.params, "candidate": candidate.source}
    run.build = candidate.build
    if candidate.reason:
        print(f"fitting the {candidate.source} model: {candidate.reason}")
    yield
