"""Every trial in the experiment tracker: one protocol, and the module that speaks to the tool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

from ....project import chosen

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


class Recorder(Protocol):
    """What a module of this folder offers; each imports its library inside its functions."""

    def record(self, trials: list[FrozenTrial], facts: dict[str, Any]) -> None:
        """Add the trials that the tracker does not have yet; `facts` is what conf/tuned.yaml
        holds. Raises Failure if the tracker does not answer."""


def recorder() -> Recorder:
    """The one of this project."""
    return cast(Recorder, chosen("tracking", __name__))
