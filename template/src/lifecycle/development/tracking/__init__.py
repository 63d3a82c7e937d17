"""The experiment tracker of this project: one protocol, and the module that speaks to the tool."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, cast

from ...project import chosen


class Tracker(Protocol):
    """What a module of this folder offers; each imports its library inside its functions."""

    def check(self) -> None:
        """Raise Failure, within seconds, if a run could not be recorded now."""

    def record(self, facts: dict[str, Any], files: Path) -> str:
        """Record a training by its facts (model.json), its model in models/, and the files of a
        folder: training.html and figures/*.png. Returns the name that the tracker gave the run.

        May be called again for a training that was recorded in part."""

    def runs(self, limit: int) -> list[dict[str, Any]]:
        """The newest runs: id, version, created, metrics, params, data_md5, commit."""

    def newest(self) -> datetime | None:
        """When the last run was recorded, found without importing the library if possible."""


def tracker() -> Tracker:
    """The one of this project."""
    return cast(Tracker, chosen("tracking", __name__))
