"""Where long work is computed: a loop over folds, batches or candidates becomes

    from lifecycle.development import compute

    for score in compute.map(function, items, shared=table): ...

and runs on what the project chose. An item, a result, `shared` and the function must be picklable,
and the function must be importable, so that a worker finds it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor
from contextlib import AbstractContextManager
from typing import Any, Protocol, cast

from ...project import Failure, chosen


class Compute(Protocol):
    """What a module of this folder offers; each imports its library inside its functions."""

    def prepare(self, modules: list[str]) -> None:
        """Start what takes time and can be done before the work is known: workers will need
        these modules."""

    def executor(
        self, shared: Any = None, workers: int | None = None
    ) -> AbstractContextManager[Executor]:
        """An executor as in concurrent.futures, with as many workers at most (default: all
        processors), each of which uses one thread.

        `shared`, if any, is sent to each worker once, and is the first argument of every call.
        Whatever is under way at the end is given up. Raises Failure if there are no workers."""


def compute() -> Compute:
    """The one of this project."""
    return cast(Compute, chosen("compute", __name__))


def map(
    function: Callable[..., Any],
    items: Iterable[Any],
    shared: Any = None,
    workers: int | None = None,
) -> Iterator[Any]:
    """function(item), or function(shared, item), for each item, in the order of the items.

    What the function raises is raised here; Failure if a worker is lost for good."""
    with compute().executor(shared, workers) as executor:
        try:
            yield from executor.map(function, items)
        except BrokenExecutor as error:
            raise lost(error) from error


def lost(error: BaseException) -> Failure:
    """What to say when a worker is gone."""
    reason = f"a worker was lost ({type(error).__name__}: {error})"
    return Failure(f"{reason}, perhaps for lack of memory: try fewer workers")
