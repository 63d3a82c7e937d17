"""The reference: the rows that were held out when a version was trained, and their profile."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from ... import problem, project
from ...project import Failure, name, root
from .. import window
from .contrasts import contrasts
from .reference_profile import Profile, load, make_profile, save

if TYPE_CHECKING:
    from pandas import DataFrame

    from ...development.model import Model

MIN_ROWS = 50  # on either side


def compared(batch: window.Batch) -> "DataFrame":
    """The columns that are compared: the features, and the prediction or its probabilities.

    The time column is not, because it always drifts. Any other date is turned into the days
    since (or until) the row's time; of two classes only the second one's probability is taken."""
    import pandas as pd

    rows, times = batch.features, batch.times
    dates = [column for column in rows if rows[column].dtype.kind == "M"]
    origin = times if times is not None and times.dtype.kind == "M" else pd.Timestamp(0)
    days = {date: (rows[date] - origin) / pd.Timedelta(days=1) for date in dates}
    rows = rows.assign(**days).drop(columns=[project.conf()["time_column"]], errors="ignore")
    probabilities = [c for c in batch.predictions if c.startswith("probability_")]
    wanted = probabilities[1:] if len(probabilities) == 2 else probabilities or ["prediction"]
    for prediction in wanted:
        values = batch.predictions[prediction]
        rows[prediction] = values if values.dtype.kind == "f" else values.astype(str).astype(object)
    return rows


def profile_of(model: "Model") -> Profile:
    """The profile of the held-out rows; kept in logs/drift/ until code or settings change."""
    path = root() / "logs" / "drift" / f"{model.version}-{fingerprint()}.npz"
    try:
        return load(path)
    except Failure:
        raise
    except Exception:  # not there, or damaged
        print(f"reading the rows that were held out when {model.version} was trained")
    batch = window.make_batch(model, held_out(model))
    profile = make_profile(compared(batch), batch.times)
    contrasts(profile, frozenset())  # kept with the rest: they take longest
    save(profile, path)
    return profile


def fingerprint() -> str:
    """What the profile depends on beside the version: the code and the settings of the data."""
    sources = [*sorted(Path(__file__).parent.glob("*.py")), Path(window.__file__)]
    sources.append(root() / "conf" / "data.yaml")
    return hashlib.md5(b"".join(path.read_bytes() for path in sources)).hexdigest()[:8]


def held_out(model: "Model") -> "DataFrame":
    """The rows that were held out in training; raises Failure if they are too few to compare."""
    _, test, *_ = problem.part("data").split(problem.load(training_table(model)))
    if len(test) < MIN_ROWS:
        raise Failure(f"{len(test)} rows were held out: at least {MIN_ROWS} are needed to compare")
    return test


def training_table(model: "Model") -> Path:
    """The table that a version was trained on, found by its MD5; raises Failure if it is gone."""
    copies = sorted((root() / "data").glob("*ed/table.*"))  # ingested, validated
    for path in [*copies, project.data_path()]:
        if project.md5(path) == model.facts["data"]["md5"]:
            return path
    raise Failure(
        f"the table that {model.version} was trained on is not here any more (its MD5 is "
        f"{model.facts['data']['md5']}): bring it back, or run `{name()} train`"
    )
