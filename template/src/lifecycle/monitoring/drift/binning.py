"""Columns as bins, and the scores by which bins are compared.

A numeric column is cut at quantiles of the reference, a category has a bin for each frequent
value, and missing values have a bin of their own. A score is a number for each bin; its mean over
some rows says one thing about them: where a number lies, how far it spreads, how frequent a
category is, how much is missing. Everything else works on these means, so rows are only counted,
and memory does not grow with them.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

QUANTILES = 50  # bins of equal shares of the reference
BARS = 20  # bins of equal width, for the histogram
FREQUENT = 0.01  # share of the reference from which on a category has a bin of its own
PENALTY = 1.2  # how much larger a difference must be that is not one of location


@dataclass
class Column:
    """A column of the reference as bins; the last bin is for missing values.

    `edges` are the upper ends of a number's bins, `labels` the frequent values of a category."""

    name: str
    kind: str  # number, category or text (compared by its length)
    edges: list[float] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    bars: list[float] = field(default_factory=list)  # upper ends in the histogram

    @property
    def size(self) -> int:
        """The number of bins, with one for what is rare or above all edges."""
        return len(self.labels if self.kind == "category" else self.edges) + 2

    def bins(self, values: pd.Series) -> np.ndarray:
        """The bin of each value."""
        if self.kind == "category":
            found = pd.Index(self.labels, dtype=object).get_indexer(values)
            found[found < 0] = len(self.labels)
        else:
            numbers = lengths(values) if self.kind == "text" else values.to_numpy(float)
            found = np.searchsorted(self.edges, numbers)
        found[values.isna().to_numpy()] = self.size - 1
        return found

    def count(self, values: pd.Series) -> np.ndarray:
        """The number of values in each bin."""
        return np.bincount(self.bins(values), minlength=self.size)

    def scores(self, shares: np.ndarray) -> np.ndarray:
        """The scores of each bin (bins x scores), with mean 0 under `shares`, the reference's.

        A number has five: the first four Legendre polynomials of its mid-rank (the first is
        Wilcoxon's score of location, the second one of spread), and whether it is missing. A
        category has one for each bin."""
        missing = np.eye(self.size)[:, -1:]
        if self.kind == "category":
            scores = np.eye(self.size)
        else:
            known = shares[:-1] / max(shares[:-1].sum(), 1e-12)
            ranks = known.cumsum() - known / 2
            polynomials = np.polynomial.legendre.legvander(2 * ranks - 1, 4)[:, 1:]
            polynomials -= known @ polynomials
            scores = np.column_stack([np.vstack([polynomials, np.zeros(4)]), missing])
        return np.asarray(scores - shares @ scores)

    def penalties(self) -> list[float]:
        """By how much the standard error of each score is multiplied before it is tested; a score
        with an infinite one is not tested but helps to predict other columns."""
        if self.kind == "category":
            return [PENALTY] * self.size
        return [1, PENALTY, np.inf, np.inf, PENALTY]


def lengths(values: pd.Series) -> np.ndarray:
    """The number of characters of each text; NaN where it is missing."""
    return values.str.len().to_numpy(float)


def make_column(values: pd.Series) -> Column:
    """The bins of a column, from its values in the reference (as `Model.prepare` types them).

    Text of which less than half is made of frequent values is compared by its length."""
    name = str(values.name)
    if values.dtype == object:
        counts = values.value_counts()
        shares = counts / max(counts.sum(), 1)
        frequent = shares[(shares >= FREQUENT) & (counts >= 5)]
        if frequent.sum() >= 0.5 or shares.empty:
            return Column(name, "category", labels=[str(label) for label in frequent.index])
        return cut(name, "text", lengths(values))
    return cut(name, "number", values.to_numpy(float))


def cut(name: str, kind: str, numbers: np.ndarray) -> Column:
    """A column cut at quantiles, at equal widths of its middle 99%, and at both ends."""
    known = numbers[np.isfinite(numbers)]
    if not len(known):
        return Column(name, kind)
    quantiles = np.quantile(known, np.linspace(0, 1, QUANTILES + 1)[1:-1], method="inverted_cdf")
    low, high = np.quantile(known, [0.005, 0.995]).tolist()
    bars = np.unique(np.linspace(low, high, BARS + 1))
    below = np.nextafter(known.min(), -np.inf)
    edges = np.unique([*quantiles, *bars, below, known.max()])
    return Column(name, kind, edges.tolist(), bars=bars.tolist())
