"""What lifecycle asks of your package: these names, and nothing else.

data.load(path) -> DataFrame          the table to learn from, with the target
data.split(frame) -> train, test      what is learned from and what is held out (a text may follow)
features.build(params)                a transformer, not fitted: feature columns -> numbers
model.build(params, seed)             an estimator, not fitted, with scikit-learn's protocol
metrics.score(y_true, y_pred)         {metric: value}; `y_pred` is a frame with the columns
                                      `prediction` and, for classes, `probability_<label>`;
                                      with a third parameter, `weights`, it gets those of the
                                      rows (or None)
metrics.PRIMARY                       the metric that decides
metrics.GREATER_IS_BETTER             True or False

`params` is the section of params.yaml with the module's name. New columns belong in
features.build, so that a prediction has them too.

A function that looks up more columns for rows, such as features in a store, extends `enrich`:

    @extends("enrich", precedence=10)
    def enrich(frame: DataFrame, at: Series) -> DataFrame

`at` has the moment of each row: the time column's value, or now. A row may get only what was known
at its moment. The result has the same rows, order and index, with columns added or replaced. It is
called on the table to learn from before the split, and on rows to score.
"""

import difflib
import importlib
import inspect
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .extensions import extensions
from .project import Failure, conf, settings

if TYPE_CHECKING:
    from pandas import DataFrame, Series

REQUIRED = {
    "data": ["load", "split"],
    "features": ["build"],
    "model": ["build"],
    "metrics": ["score", "PRIMARY", "GREATER_IS_BETTER"],
}


def path(name: str) -> str:
    """Where a module of yours is, for messages: src/my_model/data.py."""
    return f"src/{settings()['package']}/{name}.py"


def part(name: str) -> ModuleType:
    """A module of your package; raises Failure if something that is required is missing."""
    module = importlib.import_module(f"{settings()['package']}.{name}")
    for required in REQUIRED[name]:
        if not hasattr(module, required):
            raise Failure(f"{path(name)} must define {required}{meant(module, required)}")
    return module


def optional(name: str, function: str, default: Any = None) -> Any:
    """What a module of yours defines as `function`, else the default.

    Raises Failure for a misspelt one."""
    module = part(name)
    if not hasattr(module, function) and (hint := meant(module, function)):
        raise Failure(f"{path(name)} does not define {function}{hint}")
    return getattr(module, function, default)


def load(path: Path) -> "DataFrame":
    """The table at `path`, enriched; `attrs["enriched"]` names the columns that were added."""
    frame = part("data").load(path)
    enriched = enrich(frame)
    enriched.attrs["enriched"] = [column for column in enriched if column not in frame]
    return enriched


def enrich(frame: "DataFrame", at: datetime | None = None) -> "DataFrame":
    """The rows with the columns of all extensions; rows without a time happen at `at` (now).

    Raises Failure if an extension returns other rows than it was given."""
    import pandas as pd

    if not (functions := extensions("enrich")):
        return frame
    moment = pd.Timestamp(at or datetime.now(UTC))
    moment = moment.tz_convert("UTC").tz_localize(None) if moment.tz else moment
    moments = frame.get(conf().get("time_column"), pd.Series(moment, index=frame.index))
    for function in functions:
        enriched = function(frame, moments)
        if not enriched.index.equals(frame.index):
            name, sizes = f"{function.__module__}.{function.__name__}", (len(enriched), len(frame))
            raise Failure(f"{name} returned other rows than it was given: %d for %d" % sizes)
        frame = enriched
    return frame


def score(
    y_true: "Series", y_pred: "DataFrame", weights: "Series | None" = None
) -> dict[str, float]:
    """The metrics of your package; rows have weights in them if your function takes `weights`."""
    function = part("metrics").score
    if "weights" in inspect.signature(function).parameters:
        return dict(function(y_true, y_pred, weights=weights))
    return dict(function(y_true, y_pred))


def meant(module: ModuleType, wanted: str) -> str:
    """The name in the module that was probably meant, as the end of a message."""
    others = [key for key in vars(module) if not key.startswith("_") and key != wanted]
    close = difflib.get_close_matches(wanted, others, n=1, cutoff=0.8)
    return f": it has {close[0]}, did you mean {wanted}?" if close else ""
