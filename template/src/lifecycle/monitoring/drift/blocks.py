"""Blocks of rows that are neighbours in time, because neighbouring rows are not independent.

Rows of one day share their weather, their batch, their campaign. Blocks are nearly independent of
each other where rows are not, so variances are computed from sums over blocks (Carlstein 1986).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

MIN_BLOCKS = 20
MAX_BLOCKS = 2_000


@dataclass
class BlockRule:
    """How rows are put into blocks: by periods of `period` days, or by `rows` neighbours."""

    rows: float  # of a block, on average
    period: int | None = None

    def periods(self, times: np.ndarray) -> np.ndarray:
        """The numbers of the periods that occur in `times` (datetime64)."""
        assert self.period
        days = times[~np.isnat(times)].astype("datetime64[D]").astype(np.int64)
        return np.unique(days // self.period)


def make_blocks(times: pd.Series | None, rows: int) -> tuple[BlockRule, np.ndarray]:
    """The rule, and the number of the block of each row of the reference.

    A block is a whole number of days, as many as hold rows ** (1/3) rows, the optimal order for
    variances (Hall, Horowitz & Jing 1995). With fewer than 20 such periods, or times that are
    plain numbers, it is that many neighbouring rows; without times it is a single row. At most
    2,000 blocks are made."""
    if times is None or times.isna().all():
        return BlockRule(1), np.arange(rows) % min(rows, MAX_BLOCKS)
    if times.dtype.kind == "M":
        days = times.ffill().bfill().to_numpy("datetime64[D]").astype(np.int64)
        period = int(np.ceil(rows ** (1 / 3) / (rows / len(np.unique(days)))))
        codes, found = pd.factorize(days // period, sort=True)
        if MIN_BLOCKS <= len(found) <= MAX_BLOCKS:
            return BlockRule(rows / len(found), period), codes
    size = max(int(np.ceil(rows ** (1 / 3))), int(np.ceil(rows / MAX_BLOCKS)))
    order = times.to_numpy().argsort(kind="stable").argsort(kind="stable")
    return BlockRule(size), order // size
