"""Where the search for parameters is computed: one protocol, and the module of the choice."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol, cast

from ...project import chosen

if TYPE_CHECKING:
    from ..tuning.exam import Exam

Submit = Callable[[dict[str, Any], int], "Future[float | str]"]


class Compute(Protocol):
    """What a module of this folder offers; each imports its library inside its functions."""

    def begin(self) -> None:
        """Start what takes time and can be done before the exam is known."""

    def crew(self, exam: Exam, workers: int | None) -> AbstractContextManager[tuple[Submit, int]]:
        """Workers that know the exam: a function that has (params, fold) scored, and how many
        folds may be submitted at once. Whatever is under way at the end is given up."""


def compute() -> Compute:
    """The one of this project."""
    return cast(Compute, chosen("compute", __name__))
