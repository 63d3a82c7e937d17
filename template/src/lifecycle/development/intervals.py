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
    """Rows in a block for a series in order of time; 1 if neighbours have nothing in common."""
    rows = len(values)
    if rows < 20 or np.ptp(values) == 0:
        return 1
    centred = values - values.mean()
    patience = max(5, int(np.log10(rows)))
    most = int(np.ceil(np.sqrt(rows))) + patience
    lags = np.arange(min(most, rows - 1) + 1)
    covariance = np.array([centred[: rows - lag] @ centred[lag:] / rows for lag in lags])
    small = np.abs(covariance / covariance[0]) < 2 * np.sqrt(np.log10(rows) / rows)
    quiet = [lag for lag in lags[1:] if small[lag : lag + patience].all()]
    last = int(quiet[0]) - 1 if quiet else int(lags[-1])
    if last == 0:
        return 1
    window = min(2 * last, len(lags) - 1)
    lag = np.arange(-window, window + 1)
    weight = np.clip(2 * (1 - np.abs(lag / window)), 0, 1) * covariance[np.abs(lag)]
    spread = (np.abs(lag) @ weight) ** 2 / (2 / 3 * max(weight.sum() ** 2, 1e-300))
    return int(np.clip(np.ceil((spread * rows) ** (1 / 3)), 1, max(rows // 3, 1)))


def draws(rows: int, count: int, block: int) -> Iterator[np.ndarray]:
    """`count` times the positions of `rows` rows, drawn in blocks; always the same ones."""
    chance = np.random.default_rng(0)
    for _ in range(count):
        starts = chance.integers(0, rows, -(-rows // block))
        yield ((starts[:, None] + np.arange(block)) % rows).ravel()[:rows]


def interval(value: float, sampled: Any, confidence: float) -> Interval:
    """The value between its bounds; they are None if a tenth of the resamples gave no value."""
    known = np.asarray(sampled, dtype=float)
    known = known[np.isfinite(known)]
    if not np.isfinite(value):
        return {"value": None, "low": None, "high": None}
    if len(known) < 2 or len(known) < 0.9 * len(sampled):
        return {"value": float(value), "low": None, "high": None}
    away = float(norm.ppf(0.5 + confidence / 2) * known.std(ddof=1))
    return {"value": float(value), "low": float(value) - away, "high": float(value) + away}
