"""Every training is recorded with the experiment tracker, and `maturity` sees that it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..maturity import Evidence, recent
from ..project import Failure, name, root
from . import report
from .tracking import tracker

if TYPE_CHECKING:
    from .train import Run


@contextmanager
def training(run: "Run") -> Iterator[None]:
    """Look for the tracker before the work starts, and record the run when it is done.

    If the tracker goes away in between, the run waits for the next training."""
    tracker.check()
    catch_up()
    yield
    run.figures = report.pictures(run)
    run.report = report.write(run, run.figures)
    try:
        print(f"recorded as run {tracker.record(run)}")
    except Failure as failure:
        keep(run)
        print(f"not recorded: {failure}")
        print("The model is kept, and the next training records this one.")


def waiting() -> list[Path]:
    """The runs that are not recorded yet, oldest first."""
    return sorted((root() / "logs" / "unrecorded").glob("*.joblib"))


def keep(run: "Run") -> None:
    """Put a run aside with all that a record needs; the model itself is in models/."""
    import joblib

    path = root() / "logs" / "unrecorded" / f"{run.facts['version']}.joblib"
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    page = run.report.read_text(encoding="utf-8") if run.report else None
    joblib.dump((replace(run, model=None), page), draft)
    draft.replace(path)


def catch_up() -> None:
    """Record the runs that wait, now that the tracker answers."""
    import joblib

    from . import model

    for path in waiting():
        run, page = joblib.load(path)
        run.model = model.load(run.facts["version"])
        if page:
            run.report = path.with_suffix(".html")
            run.report.write_text(page, encoding="utf-8")
        print(f"recorded as run {tracker.record(run)}: the training {run.facts['version']}")
        path.unlink()
        path.with_suffix(".html").unlink(missing_ok=True)


def evidence() -> Iterator[Evidence]:
    """M1a: a run in the last 30 days, and the report of the newest model that is here."""
    from . import model

    try:
        newest = tracker.newest()
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
