"""How sure a figure is: the bootstrap, in blocks where rows follow each other in time.

Rows of one day share its weather, its strikes and its rush, so that 4,000 of them tell less than
4,000 independent ones. Drawing whole stretches keeps what neighbours share: the circular block
bootstrap (Politis and Romano 1992), whose length follows from the autocorrelation (Politis and
White 2004, corrected by Patton, Politis and White 2009). Without a time column a block is a row.

The interval is the estimate and so many bootstrap standard errors on each side (Efron and
Tibshirani 1993, chapter 13): a standard error needs 50 to 200 resamples, quantiles a thousand,
and a metric may be slow.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.stats import norm

Interval = dict[str, float | None]


def block_length(values: np.ndarray) -> int:
    """Rows in a block for a series in order of time, at most a third of it; 1 if it is too short
    or constant."""
    from arch.bootstrap import optimal_block_length

    if len(values) < 20 or np.ptp(values) == 0:
        return 1
    length = float(optimal_block_length(values)["circular"].iloc[0])
    return int(np.clip(np.ceil(length), 1, len(values) // 3)) if np.isfinite(length) else 1


def resampled(rows: int, count: int, block: int) -> Iterator[np.ndarray]:
    """`count` times the positions of `rows` rows, drawn in blocks; always the same ones."""
    from arch.bootstrap import CircularBlockBootstrap

    bootstrap = CircularBlockBootstrap(block, np.arange(rows), seed=0)
    for (positions,), _ in bootstrap.bootstrap(count):
        yield positions


def interval(value: float, resamples: Any, confidence: float) -> Interval:
    """A value, and the bounds from its resamples (an array of numbers, perhaps with NaN).

    All are None for a value that is no number, the bounds if a tenth of the resamples gave none."""
    known = np.asarray(resamples, dtype=float)
    known = known[np.isfinite(known)]
    if not np.isfinite(value):
        return {"value": None, "low": None, "high": None}
    if len(known) < 2 or len(known) < 0.9 * len(resamples):
        return {"value": float(value), "low": None, "high": None}
    half = float(norm.ppf(0.5 + confidence / 2) * known.std(ddof=1))
    return {"value": float(value), "low": float(value) - half, "high": float(value) + half}
