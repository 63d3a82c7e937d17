"""What a column does that the other columns do not explain.

The contrast of a column is its location score less the one that a regression predicts from the
scores of the others. One column that drifts by itself stands out in it although all of them wander
with the season: for a shift of one mean among correlated ones this is the most powerful statistic
(Hall & Jin 2010, Innovated higher criticism). Columns that have drifted predict nothing any more.
"""

import numpy as np

from .reference_profile import Profile

RIDGE = 0.05  # because there may be few blocks
ROW_WEIGHT = 3  # of the covariance within blocks beside the one of their sums, which are few


def regression_covariance(profile: Profile, left_out: int = -1) -> np.ndarray:
    """The covariance of the scores that the regressions use, scores x scores.

    That of rows and that of the sums of blocks together, of all folds but one, with a ridge."""
    kept = profile.folds != left_out
    rows, sums = profile.sizes[kept].sum(), profile.sums[kept]
    others = [fold for fold in range(len(profile.products)) if fold != left_out]
    both = (ROW_WEIGHT * profile.products[others].sum(axis=0) + sums.T @ sums) / rows
    return both + np.diag(both.diagonal() * RIDGE + profile.floor)


def make_contrasts(profile: Profile, drifted: frozenset[int], covariance: np.ndarray) -> np.ndarray:
    """The contrast of each numeric column that has not drifted, scores x columns."""
    owners, made = profile.column_numbers(), []
    for number, score in profile.locations().items():
        if number in drifted:
            continue
        others = np.flatnonzero(~np.isin(owners, [number, *drifted]))
        contrast = np.zeros(len(owners))
        contrast[score] = 1
        inner = covariance[np.ix_(others, others)]
        contrast[others] = -np.linalg.solve(inner, covariance[others, score])
        made.append(contrast)
    return np.array(made).reshape(len(made), len(owners)).T


def contrasts(profile: Profile, drifted: frozenset[int]) -> tuple[np.ndarray, np.ndarray]:
    """The contrasts, and their sums over each block as predicted from the other folds.

    A regression fits the blocks that it has seen better than others, so its error is measured on
    blocks that it has not seen."""
    if drifted not in profile.fitted:
        made = make_contrasts(profile, drifted, regression_covariance(profile))
        predicted = np.zeros((len(profile.sums), made.shape[1]))
        for fold in range(len(profile.products)):
            inside = profile.folds == fold
            others = make_contrasts(profile, drifted, regression_covariance(profile, fold))
            predicted[inside] = profile.sums[inside] @ others
        profile.fitted[drifted] = made, predicted
    return profile.fitted[drifted]
