"""The metrics of groups of rows: where the model is worse than elsewhere."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ...project import Failure
from . import intervals
from .measure_settings import FILE
from .scores import Sample

if TYPE_CHECKING:
    from pandas import DataFrame, Series

    from ..model import Model
    from .measure_settings import Measure

FEW = 20  # values that a category may have to be looked at without being named


def slice_columns(
    rows: "DataFrame", scorer: "Model", wanted: list[str] | None, sensitive: list[str]
) -> list[str]:
    """The columns that conf/gates.yaml names, else the sensitive ones and categories of few
    values; raises Failure if the table lacks one."""
    if wanted is None:
        kinds = {column["name"]: column["type"] for column in scorer.facts["schema"]}
        words = [column for column, kind in kinds.items() if kind in ("string", "boolean")]
        few = [column for column in words if 1 < rows[column].nunique() <= FEW]
        return [*sensitive, *(column for column in few if column not in sensitive)]
    if missing := [column for column in wanted if column not in rows]:
        raise Failure(f"{FILE}: measure.slices: the table has no column {missing[0]!r}")
    return wanted


def slices(
    sample: Sample, parts: dict[str, "Series"], found: dict[str, Any], measure: "Measure"
) -> Iterator[dict[str, Any]]:
    """An entry for each group: column, value, rows, metrics, whether it has rows enough to be
    judged, and if so the interval of the deciding metric's difference to that of all rows.

    `parts` says to which group of a column each row belongs."""
    from rich.progress import track

    own = Sample(sample.y_true, {"model": sample.predictions["model"]}, sample.weights)
    groups = [
        (column, str(value), np.flatnonzero(values == value))
        for column, values in parts.items()
        for value in sorted(values.unique())
    ]
    for column, value, positions in track(groups, "slices", transient=True):
        group = own.take(positions)
        judged = len(positions) >= measure.slice_min_rows
        yield {
            "column": column,
            "value": value,
            "rows": len(positions),
            "metrics": group.scores()["model"],
            "judged": judged,
            "difference": difference(group, found, measure, len(own.y_true)) if judged else None,
        }


def difference(
    group: Sample, found: dict[str, Any], measure: "Measure", all_rows: int
) -> intervals.Interval:
    """How much the deciding metric of a group differs from that of all rows. A quarter of the
    resamples is enough; neighbours in the group stand further apart, so blocks are shorter."""
    primary, rows = found["primary"], len(group.y_true)
    whole = found["metrics"][primary]["value"]
    whole = np.nan if whole is None else whole
    block = max(round(found["block_rows"] * rows / all_rows), 1)
    drawn = intervals.resampled(rows, max(measure.resamples // 4, 20), block)
    values = [
        group.take(positions).scores()["model"].get(primary, np.nan) - whole for positions in drawn
    ]
    away = group.scores()["model"].get(primary, np.nan) - whole
    return intervals.interval(away, values, measure.confidence)
