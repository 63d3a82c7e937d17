"""The statistics of drift detection against published figures and libraries (docs/explanation/drift-statistics.md)."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import rel_entr

from lifecycle.monitoring.drift import thresholds
from lifecycle.monitoring.drift.binning import make_column
from lifecycle.monitoring.drift.blocks import make_blocks
from lifecycle.monitoring.drift.comparison import compare, stability_index
from lifecycle.monitoring.drift.contrasts import contrasts
from lifecycle.monitoring.drift.reference_profile import Tally, make_profile


def shares(column_values: list[float], reference: pd.Series) -> np.ndarray:
    """The shares of the reference's bins among values."""
    return make_column(reference).count(pd.Series(column_values, dtype=float)) / len(column_values)


def test_the_location_score_is_wilcoxons() -> None:
    """SciPy's documentation of mannwhitneyu: ages of 5 men and 4 women at diagnosis, U = 17 and 3."""
    men, women = [19.0, 22, 16, 29, 24], pd.Series([20.0, 11, 17, 12], name="age")
    assert stats.mannwhitneyu(men, women).statistic == 17
    column, reference = make_column(women), shares(women.tolist(), women)
    location = shares(men, women) @ column.scores(reference)[:, 0]
    assert location == pytest.approx(2 * 17 / (5 * 4) - 1)


def test_the_polynomials_are_uncorrelated_with_the_variances_of_legendre() -> None:
    """Neyman (1937): under the reference they are orthogonal, and that of order k has the variance 1 / (2k + 1)."""
    values = pd.Series(np.random.default_rng(0).exponential(size=20_000), name="x")
    column = make_column(values)
    reference = column.count(values) / len(values)
    scores = column.scores(reference)[:, :4]
    covariance = scores.T @ (reference[:, None] * scores)
    assert covariance == pytest.approx(np.diag([1 / 3, 1 / 5, 1 / 7, 1 / 9]), abs=0.003)


@pytest.mark.parametrize(("statistics", "critical"), [(1, 1.960), (3, 2.388), (10, 2.800), (20, 3.016)])
def test_the_threshold_is_that_of_the_studentized_maximum_modulus(
    statistics: int, critical: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its 5% points for infinitely many degrees of freedom, as Stoline & Ury (1979) tabulate them."""
    monkeypatch.setattr(thresholds, "ALPHA", 0.05)
    monkeypatch.setattr(thresholds, "DRAWS", 20_000)
    blocks, drawn = 2_000, 500
    sums = np.random.default_rng(1).normal(size=(blocks, statistics))
    errors = sums.std(axis=0) * np.sqrt(1 / blocks + 1 / drawn)
    assert thresholds.max_t(sums, np.ones(blocks), errors, drawn) == pytest.approx(critical, abs=0.05)


def test_the_standard_error_is_that_of_an_autoregressive_series() -> None:
    """With a correlation of 0.5 a mean varies (1 + 0.5) / (1 - 0.5) = 3 times as much as that of independent rows;
    blocks of n rows see 3 - 4 / n of it (Carlstein 1986)."""
    rows, random = 60_000, np.random.default_rng(2)
    noise = random.normal(size=rows)
    series = np.empty(rows)
    series[0] = noise[0]
    for i in range(1, rows):
        series[i] = 0.5 * series[i - 1] + noise[i]
    times = pd.Series(np.arange(rows))
    rule, _ = make_blocks(times, rows)
    assert rule.rows == 40  # 60,000 ** (1/3), rounded up
    profile = make_profile(pd.DataFrame({"x": series}), times)
    location = np.eye(5)[:, :1]
    error = thresholds.standard_errors(profile, location, profile.sums[:, :1], rows)[0]
    independent = np.sqrt(profile.covariance[0, 0] * 2 / rows)
    # Ranks of normal values with a correlation of r have one of 6 / pi * asin(r / 2) (Pearson 1907).
    correlations = 6 / np.pi * np.arcsin(0.5 ** np.arange(1, 40) / 2)
    expected = 1 + 2 * (correlations * (1 - np.arange(1, 40) / 40)).sum()
    assert (error / independent) ** 2 == pytest.approx(expected, rel=0.05)
    assert 2.5 < expected < 3 - 4 / 40


def test_a_contrast_is_the_residual_of_a_regression() -> None:
    """The residual variance of two normal variables with a correlation of 0.8 is 1 - R^2, R that of their ranks."""
    random = np.random.default_rng(3)
    x, noise = random.normal(size=(2, 20_000))
    profile = make_profile(pd.DataFrame({"x": x, "y": 0.8 * x + 0.6 * noise}), None)
    made, predicted = contrasts(profile, frozenset())
    variance = (predicted[:, 0] ** 2).sum() / profile.rows * 3  # a rank has the variance 1/3
    assert variance == pytest.approx(1 - (6 / np.pi * np.arcsin(0.4)) ** 2, rel=0.1)
    assert made[0, 0] == 1 and made[5, 0] < -0.6


def test_the_stability_index_is_jeffreys_divergence() -> None:
    """Kullback (1959): for two normal distributions that differ by d standard deviations it is d^2."""
    edges = np.linspace(-6, 6, 1_001)
    before, now = (np.diff(stats.norm.cdf(edges, mean)) for mean in (0, 0.5))
    assert stability_index(before, now, 0) == pytest.approx(0.25, rel=0.001)
    assert stability_index(before, now, 0) == pytest.approx((rel_entr(before, now) + rel_entr(now, before)).sum())


def test_a_shift_against_the_others_is_named_and_the_others_are_not() -> None:
    """Two columns wander together from day to day; only the one that leaves the other is named."""
    random = np.random.default_rng(4)
    days, each = 100, 40

    def rows(days: int, shift: float) -> tuple[pd.DataFrame, pd.Series]:
        level = np.repeat(random.normal(size=days), each)
        x, y = level + 0.3 * random.normal(size=(2, days * each))
        times = pd.Series(np.repeat(pd.date_range("2026-01-01", periods=days), each))
        return pd.DataFrame({"x": x + shift, "y": y}), times

    profile = make_profile(*rows(days, 0))
    for shift, drifted in ((0.0, []), (0.3, ["x"])):
        tally = Tally(profile)
        tally.add(*rows(20, shift))
        found = compare(profile, tally)
        assert [change.column.name for change in found if change.drifted] == drifted
    assert found[0].how == "given the others"
