"""How long a prediction takes, without the network."""

from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pandas import DataFrame

    from ..model import Model

CALLS = 200  # that are timed for a size, or as many as SECONDS allow
SECONDS = 10


def latency(scorer: "Model", rows: "DataFrame", size: int) -> dict[str, float]:
    """Milliseconds of a prediction for so many rows, typed as they are in the server: the median
    (p50), the 99th percentile (p99), and how many calls were timed."""
    typed = scorer.prepare(rows)
    starts = np.random.default_rng(0).integers(0, len(typed), CALLS + 5)
    batches = [typed.iloc[np.arange(start, start + size) % len(typed)] for start in starts]
    for batch in batches[:5]:
        scorer.predict(batch)
    taken: list[float] = []
    end = perf_counter() + SECONDS
    for batch in batches[5:]:
        start = perf_counter()
        scorer.predict(batch)
        taken.append(1000 * (perf_counter() - start))
        if perf_counter() > end and len(taken) >= 20:
            break
    p50, p99 = np.percentile(taken, [50, 99])
    return {"p50": float(p50), "p99": float(p99), "calls": len(taken)}
