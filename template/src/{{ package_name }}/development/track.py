"""Every training is recorded with the experiment tracker, and `maturity` sees that it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..maturity import Evidence, recent
from ..project import Failure, name
from . import report
from .tracking import tracker

if TYPE_CHECKING:
    from .train import Run


@contextmanager
def training(run: "Run") -> Iterator[None]:
    """Look for the tracker before the work starts, and record the run when it is done."""
    tracker.check()
    yield
    run.figures = report.pictures(run)
    run.report = report.write(run, run.figures)
    try:
        print(f"recorded as run {tracker.record(run)}")
    except Failure as failure:
        raise Failure(f"{run.folder} is kept, but was not recorded: {failure}") from failure


def evidence() -> Iterator[Evidence]:
    """M1a: a run in the last 30 days."""
    try:
        newest = tracker.newest()
    except Failure as failure:
        yield Evidence("M1a", "unseen", str(failure))
        return
    if newest and recent(newest.isoformat()):
        yield Evidence("M1a", "proven", f"a training was recorded on {newest:%Y-%m-%d}")
    else:
        yield Evidence("M1a", "missing", "no run was recorded in 30 days", f"{name()} train")
