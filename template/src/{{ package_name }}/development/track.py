"""Every training is recorded with the experiment tracker, and `maturity` sees that it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ..maturity import Evidence
from ..project import Failure, name
from .tracking import tracker

if TYPE_CHECKING:
    from .train import Run

RECENT = timedelta(days=30)


@contextmanager
def training(run: "Run") -> Iterator[None]:
    """Look for the tracker before the work starts, so that no training is lost to its absence."""
    tracker.check()
    yield
    tracker.record(run)


def evidence() -> Iterator[Evidence]:
    """Was anything recorded lately?"""
    train = f"{name()} train"
    try:
        newest = tracker.newest()
    except Failure as failure:
        yield Evidence("M1a", "unseen", str(failure), train)
        return
    if newest is None:
        yield Evidence("M1a", "missing", "no training has been recorded", train)
    elif datetime.now(UTC) - newest > RECENT:
        detail = f"the last training was recorded on {newest:%Y-%m-%d}"
        yield Evidence("M1a", "missing", detail, train)
    else:
        yield Evidence("M1a", "proven", f"a training was recorded on {newest:%Y-%m-%d}", "")
