"""The comparison of counted rows with the profile of the reference, column by column."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .binning import Column
from .contrasts import contrasts, regression_covariance
from .reference_profile import Profile, Tally
from .thresholds import penalized_errors, standard_errors, threshold, variances


@dataclass
class Change:
    """How a column differs from the reference; it drifted if `statistic` is above `threshold`."""

    column: Column
    statistic: float  # in standard errors, divided by the penalty of the score
    threshold: float
    how: str  # alone, or given the others
    drifted: bool
    reference: np.ndarray  # shares of the bins
    current: np.ndarray

    @property
    def psi(self) -> float:
        """The population stability index over about ten bins of equal shares, or the categories."""
        return stability_index(self.grouped(self.reference), self.grouped(self.current))

    def grouped(self, shares: np.ndarray) -> np.ndarray:
        """The shares of the tenths of the reference and of missing values, or of the categories."""
        if self.column.kind == "category":
            return shares
        known = self.reference[:-1]
        tenth = np.minimum((known.cumsum() - known / 2) / max(known.sum(), 1e-12) * 10, 9)
        return np.append(np.bincount(tenth.astype(int), shares[:-1], 10), shares[-1])

    def summary(self) -> dict[str, Any]:
        """The change as reports/drift.json has it."""
        return {
            "name": self.column.name,
            "kind": self.column.kind,
            "statistic": round(self.statistic, 3),
            "threshold": round(self.threshold, 3),
            "how": self.how,
            "psi": round(self.psi, 4),
            "drifted": self.drifted,
            "missing_reference": round(float(self.reference[-1]), 4),
            "missing_current": round(float(self.current[-1]), 4),
        }


def stability_index(expected: np.ndarray, actual: np.ndarray, smoothing: float = 1e-4) -> float:
    """The population stability index of two sets of shares; `smoothing` is added to each share."""
    before, now = ((s + smoothing) / (s + smoothing).sum() for s in (expected, actual))
    return float(((now - before) * np.log(now / before)).sum())


def compare(profile: Profile, tally: Tally, limit: float | None = None) -> list[Change]:
    """How each column differs from the reference, what drifted most first."""
    rows = tally.effective_rows()
    limit = threshold(profile, rows) if limit is None else limit
    shares = [counts / tally.rows for counts in tally.counts]
    means = np.concatenate([s @ w for s, w in zip(shares, profile.scores, strict=True)])
    statistics = best_alone(profile, means, rows)
    alone = frozenset(i for i, statistic in enumerate(statistics) if statistic > limit)
    given = given_the_others(profile, means, rows, limit, alone)
    changes = [
        Change(
            column,
            given.get(i, statistics[i]),
            limit,
            "given the others" if i in given else "alone",
            i in alone or i in given,
            profile.shares[i],
            shares[i],
        )
        for i, column in enumerate(profile.columns)
    ]
    return sorted(changes, key=lambda change: (not change.drifted, -change.statistic))


def best_alone(profile: Profile, means: np.ndarray, rows: float) -> list[float]:
    """The largest standardised difference among the scores of each column."""
    standardised = np.abs(means) / penalized_errors(profile, rows)
    owners = profile.column_numbers()
    return [float(standardised[owners == i].max()) for i in range(len(profile.columns))]


def given_the_others(
    profile: Profile, means: np.ndarray, rows: float, limit: float, drifted: frozenset[int]
) -> dict[int, float]:
    """The further columns that drifted against what the others predict, with their statistics.

    A column that drifted spoils the prediction of others, so the likeliest one is named first and
    the rest is predicted again without it."""
    found: dict[int, float] = {}
    covariance = regression_covariance(profile)
    while True:
        columns = [number for number in profile.locations() if number not in drifted]
        made, sums = contrasts(profile, drifted)
        differences = np.abs(means @ made)
        statistics = differences / standard_errors(profile, made, sums, rows)
        if statistics.max(initial=0) <= limit:
            return found
        likelihood = differences / np.sqrt(variances(made, covariance))
        top = int(np.where(statistics > limit, likelihood, 0).argmax())
        drifted |= {columns[top]}
        found[columns[top]] = float(statistics[top])
