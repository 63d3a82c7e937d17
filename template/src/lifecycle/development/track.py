"""Every training is recorded with the experiment tracker, and `maturity` sees that it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..extensions import extends
from ..maturity import Evidence, recent
from ..problem import REQUIRED, part
from ..project import Failure, name, root
from . import report
from .recording import Recorder, keep
from .tracking import tracker

if TYPE_CHECKING:
    from .train import Run


@extends("training", precedence=10)
@contextmanager
def training(run: "Run") -> Iterator[None]:
    """Look for the tracker before the work starts, and record the run when it is done.

    If the tracker goes away in between, the run waits for the next training. What a context that
    was entered later puts into `run.figures` on leaving is recorded beside the template's own."""
    with Recorder() as recorder:
        for module in REQUIRED:  # import, while the tracker is asked, what the training needs
            part(module)
        if said := recorder.answer():
            print(said)
        yield
        try:
            print(f"recorded as run {recorder.record(run)}")
        except Failure as failure:
            keep(run)
            print(f"not recorded: {failure}")
            print("The model is kept, and the next training records this one.")
        run.report = report.page()


@extends("evidence")
def evidence() -> Iterator[Evidence]:
    """M1a: a run in the last 30 days, and the report of the newest model that is here."""
    from . import model

    try:
        newest = tracker().newest()
    except Failure as failure:
        yield Evidence("M1a", "unseen", str(failure))
        return
    if not newest or not recent(newest.isoformat()):
        yield Evidence("M1a", "missing", "no run was recorded in 30 days", f"{name()} train")
        return
    said, page = f"a training was recorded on {newest:%Y-%m-%d}", report.page()
    versions = model.versions()
    if not versions:
        yield Evidence("M1a", "unseen", f"{said}; its report is where its model is")
    elif page.is_file() and versions[-1] in page.read_text(encoding="utf-8"):
        yield Evidence("M1a", "proven", said)
    else:
        detail = f"{page.relative_to(root())} does not show {versions[-1]}"
        yield Evidence("M1a", "missing", detail, f"{name()} train")
