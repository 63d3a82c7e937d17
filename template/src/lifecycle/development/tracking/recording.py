"""Every training is recorded with the experiment tracker, and `maturity` sees that it was.

What the tracker is to get lies in logs/unrecorded/<version>/ until it has all of it: a training
that it missed, or that was killed in the middle, is recorded by the next one."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ...extensions import extends
from ...maturity import Evidence, recent
from ...pages import page_path
from ...project import Failure, name, root
from . import tracker

if TYPE_CHECKING:
    from ..train import Run


@extends("training", precedence=10)
@contextmanager
def training(run: "Run") -> Iterator[None]:
    """Look for the tracker before the work starts, and record the run when it is done.

    Figures that a context of a lower precedence puts into `run.figures` on leaving are recorded
    with the template's own. Whatever goes wrong with the tracker then costs no model."""
    tracker().check()
    record_unrecorded()
    yield
    folder = unrecorded_path() / run.facts["version"]
    try:
        write_files(run, folder)
        print(f"recorded as run {record(folder)}")
    except Exception as error:
        print(f"not recorded: {error}")
        print("The model is kept, and the next training records this one.")


def unrecorded_path() -> Path:
    """Where the files are that the tracker does not have yet, a folder for each version."""
    return root() / "logs" / "unrecorded"


def write_files(run: "Run", folder: Path) -> None:
    """Write the report and, into the folder of the version, what is recorded beside the model."""
    from .. import training_report

    (folder / "figures").mkdir(parents=True)
    run.figures = training_report.pictures(run) | run.figures
    for title, figure in run.figures.items():
        figure.savefig(folder / "figures" / f"{title}.png")
    run.report = training_report.write(run, run.figures)
    shutil.copy(run.report, folder)


def record(folder: Path) -> str:
    """Give the tracker what it lacks of a version; returns the name of the run."""
    from .. import model

    run_id = tracker().record(model.facts(folder.name), folder)
    shutil.rmtree(folder)
    return run_id


def record_unrecorded() -> None:
    """Record earlier trainings, as far as their models are still here."""
    from .. import model

    for folder in sorted(unrecorded_path().glob("*/")):
        if folder.name in model.versions():
            print(f"recorded as run {record(folder)}: the training {folder.name}")
        else:
            print(f"models/{folder.name} is gone: its training is not recorded any more")
            shutil.rmtree(folder)


@extends("evidence")
def evidence() -> Iterator[Evidence]:
    """M1a: a run in the last 30 days, and the report of the newest model that is here."""
    from .. import model

    try:
        newest = tracker().newest()
    except Failure as failure:
        yield Evidence("M1a", "unseen", str(failure))
        return
    if not newest or not recent(newest.isoformat()):
        yield Evidence("M1a", "missing", "no run was recorded in 30 days", f"{name()} train")
        return
    detail, page = f"a training was recorded on {newest:%Y-%m-%d}", page_path("training")
    versions = model.versions()
    if not versions:
        yield Evidence("M1a", "unseen", f"{detail}; its report is where its model is")
    elif page.is_file() and versions[-1] in page.read_text(encoding="utf-8"):
        yield Evidence("M1a", "proven", detail)
    else:
        detail = f"{page.relative_to(root())} does not show {versions[-1]}"
        yield Evidence("M1a", "missing", detail, f"{name()} train")
