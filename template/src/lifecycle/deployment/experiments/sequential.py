"""A test of two means that may be looked at several times, with its error rate kept.

Looking at a test of 5% after every batch finds a difference where there is none in far more than
5% of all experiments. A group sequential test spends its error rate over the looks: here with the
spending function of O'Brien and Fleming's type (Lan and DeMets 1983), two-sided, so that the first
looks stop only for a large effect and the last one has nearly the power of a single design. The
number and the times of the looks need not be those that were planned.

The sum of the observations is a Brownian motion, looked at as information arrives; its density
between the bounds is carried from look to look by numerical integration (Armitage, McPherson and
Rowe 1969; Jennison and Turnbull 2000, chapters 7, 8 and 19). Nothing is simulated.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

NODES, WEIGHTS = np.polynomial.legendre.leggauss(101)  # the grid between the bounds
FAR = 12.0  # standard errors


class Arm(NamedTuple):
    """The outcomes of a variant: how many units, their mean and their sample variance."""

    units: int
    mean: float
    variance: float


@dataclass(frozen=True)
class Design:
    """What is decided before anything is seen.

    alpha is two-sided; power is the probability to decide for a challenger that is
    better by `effect`; share is the challenger's part of the requests."""

    effect: float
    alpha: float
    power: float
    looks: int
    share: float


@dataclass(frozen=True)
class Size:
    """How much the test takes: units for each arm if it goes on to the end, and information, the
    harmonic sum of the two."""

    champion: int
    challenger: int
    information: float


@dataclass(frozen=True)
class Look:
    """A look at the experiment: z is positive when the challenger is better, bound is what it has
    to pass, and low and high hold the difference at all looks together (repeated interval)."""

    information: float
    fraction: float
    difference: float
    z: float
    bound: float
    low: float
    high: float
    decision: str


def spent(fraction: float, alpha: float) -> float:
    """The two-sided error rate that may be used up when this fraction of the information is in."""
    if fraction <= 0:
        return 0.0
    return float(4 * norm.sf(norm.isf(alpha / 4) / np.sqrt(min(fraction, 1.0))))


class Density(NamedTuple):
    """Where the sum may be when no bound was passed: positions, probabilities, information."""

    places: np.ndarray
    masses: np.ndarray
    information: float

    def passing(self, now: float, bound: float, drift: float = 0.0) -> tuple[float, float]:
        """The probabilities to pass the upper and the lower bound of z at the next look, when
        the mean of the sum grows by `drift` a unit of information."""
        step, end = now - self.information, bound * np.sqrt(now)
        means, scale = self.places + drift * step, np.sqrt(step)
        up = norm.sf((end - means) / scale) @ self.masses
        down = norm.cdf((-end - means) / scale) @ self.masses
        return float(up), float(down)

    def carried(self, now: float, bound: float, drift: float = 0.0) -> "Density":
        """The density after the next look, if no bound is passed at it."""
        step, end = now - self.information, bound * np.sqrt(now)
        away = NODES[:, None] * end - self.places - drift * step
        density = norm.pdf(away, scale=np.sqrt(step)) @ self.masses
        return Density(NODES * end, density * WEIGHTS * end, now)


START = Density(np.zeros(1), np.ones(1), 0.0)


def bound_for(budget: float, density: Density, now: float) -> float:
    """The bound of |z| that is passed at this look with a probability of `budget`."""

    def excess(bound: float) -> float:
        return sum(density.passing(now, bound)) - budget

    # Beyond FAR lies less probability than a float can hold.
    return FAR if excess(FAR) >= 0 else float(brentq(excess, 0, FAR, xtol=1e-10))


@lru_cache(maxsize=1000)
def bounds(information: tuple[float, ...], full: float, alpha: float) -> tuple[float, ...]:
    """The bound of |z| at each look, for looks at this (growing) information."""
    found: list[float] = []
    density, used = START, 0.0
    for now in information:
        budget = spent(now / full, alpha) - used

        bound = bound_for(budget, density, now)
        found.append(bound)
        density, used = density.carried(now, bound), used + budget
    return tuple(found)


def power(information: Sequence[float], limits: Sequence[float], drift: float) -> float:
    """The probability to pass the upper bound at one of the looks."""
    total, density = 0.0, START
    for now, bound in zip(information, limits, strict=True):
        total += density.passing(now, bound, drift)[0]
        density = density.carried(now, bound, drift)
    return total


def size(design: Design, champion: float, challenger: float) -> Size:
    """The units that the test takes, when the outcomes of the arms have these variances and the
    looks come at equal steps."""
    times = tuple(np.arange(1, design.looks + 1) / design.looks)
    limits = bounds(times, 1.0, design.alpha)
    single = norm.isf(design.alpha / 2) + norm.isf(1 - design.power)
    drift = brentq(lambda d: power(times, limits, d) - design.power, 0.1 * single, 2 * single)
    # drift = effect * sqrt(information about the effect) when all units are in
    total = (drift / design.effect) ** 2 * (
        champion / (1 - design.share) + challenger / design.share
    )
    arms = int(np.ceil(total * (1 - design.share))), int(np.ceil(total * design.share))
    return Size(*arms, information(*arms))


def information(champion: int, challenger: int) -> float:
    """The information about a difference in so many units: 1 / (1/n + 1/m)."""
    return champion * challenger / max(champion + challenger, 1)


def look(
    champion: Arm, challenger: Arm, before: Sequence[float], full: float, design: Design
) -> Look:
    """Look at the outcomes so far, after looks at the information `before`; more is better.

    The variances are those of the sample (Welch), which is right for hundreds of units."""
    now = information(champion.units, challenger.units)
    bound = bounds((*before, now), full, design.alpha)[-1]
    difference = challenger.mean - champion.mean
    error = math.sqrt(champion.variance / champion.units + challenger.variance / challenger.units)
    certain = math.copysign(FAR, difference) if difference else 0.0  # nothing varies
    z = difference / error if error else certain
    if abs(z) >= bound:
        decision = "challenger" if z > 0 else "champion"
    else:
        decision = "no difference shown" if now >= full else "continue"
    away = bound * error
    return Look(
        now, now / full, difference, z, bound, difference - away, difference + away, decision
    )


def path(design: Design) -> Iterator[tuple[float, float]]:
    """The planned looks: the fraction of the information and the bound of |z|."""
    times = tuple(float(t) for t in np.arange(1, design.looks + 1) / design.looks)
    yield from zip(times, bounds(times, 1.0, design.alpha), strict=True)
