"""The rows that monitors look at: those that one version answered, from the log or a table.

They come in batches, in the form in which the model reads them, with its predictions. Whoever
asks for them twice reads the source twice, so memory does not grow with the rows.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import project
from ..project import Failure, name

if TYPE_CHECKING:
    from pandas import DataFrame, Series

    from ..development.model import Model
    from .drift.reference_profile import Profile

BATCH = 50_000  # rows


@dataclass
class Batch:
    """Some rows; all parts are in the same order."""

    features: "DataFrame"  # as `Model.prepare` types them
    predictions: "DataFrame"  # `prediction` and, for classes, `probability_<label>`
    times: "Series | None"  # when each row was, where that is known
    request_ids: "Series | None" = None  # of rows from the log: outcomes are joined to them


@dataclass(eq=False)
class Window:
    """Rows of a period, and the model that answered them."""

    model: "Model"
    source: str  # a table, or logs/predictions
    since: datetime | None  # None: all rows of a table
    until: datetime
    read: Callable[[], Iterator[Batch]]

    @property
    def version(self) -> str:
        """The version of the model that answered the rows."""
        return self.model.version

    @cached_property
    def reference(self) -> "Profile":
        """The profile of the rows that were held out when the version was trained."""
        from .drift.reference import profile_of

        return profile_of(self.model)

    def held_out(self) -> "DataFrame":
        """The rows that were held out when the version was trained, with the target."""
        from .drift.reference import held_out

        return held_out(self.model)

    def batches(self) -> Iterator[Batch]:
        """All rows; raises Failure if a column is missing or holds a value of another type."""
        return self.read()


def make_batch(
    model: "Model",
    frame: "DataFrame",
    predictions: "DataFrame | None" = None,
    request_ids: "Series | None" = None,
) -> Batch:
    """Rows as they came, with their predictions where these are known."""
    from ..development.defaults import as_type

    features = model.prepare(frame)
    column = project.conf()["time_column"]
    times = features.get(column, frame.get(column))
    if times is not None and times.dtype.kind not in "iuf":
        times = as_type(times, "datetime")
    if predictions is None:
        predictions = model.predict(features)
    return Batch(features, predictions, times, request_ids)


def from_table(path: Path, version: str | None = None) -> Window:
    """A table as a window; predictions that it holds are taken as they are."""
    from ..data import table
    from ..development import model
    from ..problem import enrich

    scorer = model.load(version)
    labels = scorer.facts["labels"] or []
    held = ["prediction", *(f"probability_{label}" for label in labels)]

    def read() -> Iterator[Batch]:
        for frame in map(enrich, table.batches(path)):
            complete = all(column in frame for column in held)
            yield make_batch(scorer, frame, frame[held] if complete else None)

    return Window(scorer, str(path), None, datetime.now(UTC), read)


def from_log(days: float, version: str | None = None) -> Window:
    """The last days of the prediction log, by default of the version that answered most."""
    from ..development import model
    from . import prediction_log

    until = datetime.now(UTC)
    since = until - timedelta(days=days)
    scorer = model.load(version or most_frequent_version(since, days))

    def read() -> Iterator[Batch]:
        entries = (e for e in prediction_log.read(since) if e["model_version"] == scorer.version)
        while batch := list(islice(entries, BATCH)):
            yield log_batch(scorer, batch)

    return Window(scorer, "logs/predictions", since, until, read)


def log_batch(model: "Model", entries: list[dict[str, Any]]) -> Batch:
    """Entries of the log as a batch."""
    import pandas as pd

    column = project.conf()["time_column"]
    answers = [entry["prediction"] for entry in entries]
    predictions = pd.DataFrame({"prediction": [answer["prediction"] for answer in answers]})
    probabilities = pd.DataFrame([answer["probabilities"] or {} for answer in answers])
    predictions = predictions.join(probabilities.add_prefix("probability_"))
    frame = pd.DataFrame([entry["features"] for entry in entries])
    if column and column not in frame:
        frame[column] = [entry["time"] for entry in entries]
    request_ids = pd.Series([entry["request_id"] for entry in entries], dtype=object)
    return make_batch(model, frame, predictions, request_ids)


def most_frequent_version(since: datetime, days: float) -> str:
    """The version that answered most rows; raises Failure if none did."""
    from . import prediction_log

    found = Counter(entry["model_version"] for entry in prediction_log.read(since))
    if not found:
        raise Failure(
            f"logs/predictions/ has no prediction of the last {days:g} days: let `{name()} serve` "
            "answer requests, or name a table with --data FILE or DRIFT_DATA"
        )
    return str(found.most_common(1)[0][0])
