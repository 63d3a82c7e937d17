"""The experiment tracker of this project: one protocol, and the module that speaks to the tool."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, cast

from ...project import chosen

if TYPE_CHECKING:
    from ..train import Run


class Tracker(Protocol):
    """What a module of this folder offers; each imports its library inside its functions."""

    def check(self) -> None:
        """Raise Failure, within seconds, if a run could not be recorded now."""

    def prepare(self) -> None:
        """Do what takes seconds and is possible before there is a run to record."""

    def record(self, run: Run) -> str:
        """Write down a finished training; returns the name the tracker gave it."""

    def runs(self, limit: int) -> list[dict[str, Any]]:
        """The newest runs: id, version, created, metrics, params, data_md5, commit."""

    def newest(self) -> datetime | None:
        """When the last run was recorded, found without importing the library if possible."""


def tracker() -> Tracker:
    """The one of this project."""
    return cast(Tracker, chosen("tracking", __name__))
