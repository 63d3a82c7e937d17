"""Standard errors that know about blocks, and one threshold for all columns together.

The threshold is the quantile of the largest standardised difference that chance makes, found by
drawing blocks of the reference for both sides again and again: the max-T method of Westfall & Young
(1993, Resampling-based multiple testing). At most `ALPHA` of the reports of rows like the
reference then name anything at all, however many columns there are.
"""

import numpy as np

from .contrasts import contrasts
from .reference_profile import Profile

ALPHA = 0.04  # 5% is promised; the rest is for the error of 2,000 draws
DRAWS = 2_000


def standard_errors(
    profile: Profile, weights: np.ndarray, sums: np.ndarray, rows: float
) -> np.ndarray:
    """The standard errors of differences between `rows` rows and the reference.

    `weights` (scores x statistics) make the statistics from the scores, `sums` (blocks x
    statistics) are their sums over blocks. Never less than for independent rows: that every day
    has the same hours makes a mean over whole days nearly certain, but a report may well begin at
    noon."""
    single, long_run = variances(weights, profile.covariance), (sums**2).sum(axis=0) / profile.rows
    return np.sqrt(np.maximum(single, long_run) * (1 / rows + 1 / profile.rows))


def variances(weights: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """The variance of each statistic (a column of `weights`)."""
    return np.asarray(np.einsum("ij,ij->j", weights, covariance @ weights))


def penalized_errors(profile: Profile, rows: float) -> np.ndarray:
    """The standard error of each score by itself, multiplied by its penalty."""
    penalties = np.concatenate([column.penalties() for column in profile.columns])
    return standard_errors(profile, np.eye(len(penalties)), profile.sums, rows) * penalties


def threshold(profile: Profile, rows: float, seed: int = 0) -> float:
    """The threshold for `rows` effective rows, in standard errors."""
    made, predicted = contrasts(profile, frozenset())
    sums = np.hstack([profile.sums, predicted])
    size = profile.rows / len(profile.sizes)
    drawn = max(1, round(rows / size))
    rows = drawn * size
    errors = standard_errors(profile, made, predicted, rows)
    errors = np.append(penalized_errors(profile, rows), errors)
    return max_t(sums, profile.sizes, errors, drawn, seed)


def max_t(
    sums: np.ndarray, sizes: np.ndarray, errors: np.ndarray, drawn: int, seed: int = 0
) -> float:
    """The 1 - ALPHA quantile of the largest of all standardised differences between the mean of
    `drawn` blocks and that of as many as there are, both drawn with replacement."""
    random, blocks = np.random.default_rng(seed), len(sizes)

    def means(number: int) -> np.ndarray:
        times = random.multinomial(number, np.full(blocks, 1 / blocks), DRAWS).astype(float)
        return np.asarray(times @ sums / (times @ sizes)[:, None])

    differences = (means(drawn) - means(blocks)) / errors
    return float(np.quantile(np.abs(differences).max(axis=1), 1 - ALPHA))
