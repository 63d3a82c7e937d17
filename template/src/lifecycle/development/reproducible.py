"""The same commit gives the same model: chance is seeded, and the environment is locked."""

import platform
import random
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import distributions
from typing import TYPE_CHECKING

from .. import repository
from ..extensions import extends
from ..maturity import Evidence
from ..project import name

if TYPE_CHECKING:
    from .train import Run

LIBRARIES = ("joblib", "lightgbm", "numpy", "pandas", "scikit-learn", "xgboost-cpu", "xgboost")


@extends("training", precedence=20)
@contextmanager
def training(run: "Run") -> Iterator[None]:
    """Note the code and the libraries."""
    run.facts["commit"], run.facts["dirty"] = commit()
    run.facts["python"] = platform.python_version()
    installed = {found.name: found.version for found in distributions()}
    run.facts["packages"] = {name: installed[name] for name in LIBRARIES if name in installed}
    yield


@extends("seed")
def seed(number: int) -> None:
    """Seed what a library may use without being asked: Python's generator and NumPy's old one."""
    import numpy as np

    random.seed(number)
    np.random.seed(number)


@extends("evidence")
def evidence() -> Iterator[Evidence]:
    """M1b: the newest model was made from a clean commit that holds uv.lock."""
    from . import model

    found = model.versions()
    facts = model.facts(found[-1]) if found else {}
    if not facts:
        yield Evidence("M1b", "missing", "there is no model yet", f"{name()} train")
    elif facts.get("commit") is None or facts["dirty"]:
        detail = f"{facts['version']} was made from code that no commit holds"
        yield Evidence("M1b", "missing", detail, f"git commit, then {name()} train")
    elif repository.content(facts["commit"], "uv.lock") is None:
        detail = f"the commit of {facts['version']} does not hold uv.lock"
        yield Evidence("M1b", "missing", detail, "git add uv.lock")
    else:
        detail = f"{facts['version']} was made from commit {facts['commit'][:8]} and its uv.lock"
        yield Evidence("M1b", "proven", detail)


def commit() -> tuple[str | None, bool]:
    """The commit that is checked out, and whether tracked files were changed since."""
    return repository.head(), repository.dirty()
