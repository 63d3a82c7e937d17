"""Whether rows differ from a reference by more than chance, although rows depend on each other.

Everything starts from counts. A numeric column is cut at quantiles of the reference, a category
has a bin for each frequent value; missing values have their own. A few scores are then means over
bins: where a number lies (its mid-rank, as Wilcoxon has it), how far from the middle (Mood), two
more polynomials of its rank (Neyman 1937, Smooth test for goodness of fit), the share of each
category, the share that is missing. Counts add up over batches, so memory does not grow with the
rows.

Neighbouring rows share their weather, their batch, their day. So the variance of a score is that
of sums over blocks of rows in time (Carlstein 1986, Kuensch 1989: The jackknife and the bootstrap
for general stationary observations), and what counts as a large difference of all scores at once
is found by drawing such blocks again and again for both sides and keeping the largest standardised
difference of each draw (the max-T method of Westfall & Young 1993, Resampling-based multiple
testing). One threshold then holds for all columns: in at most `ALPHA` of the reports of rows like
the reference anything at all is named. Of all scores the places weigh most (weights that are
chosen beforehand keep the promise: Genovese, Roeder & Wasserman 2006, False discovery control with
p-value weighting), for a shift is what mostly happens, and there are many others.

A column is also compared with what the others lead one to expect: its difference less the one
that a regression predicts from theirs. One column that moves alone is then seen although all of
them wander with the season. For a shift of one mean among correlated ones this is the most powerful
statistic (Hall & Jin 2010, Innovated higher criticism); what has moved already predicts nothing.
"""

from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

ALPHA = 0.04  # 5% is promised; the rest is for what 2,000 draws leave to chance
DRAWS = 2_000
QUANTILES = 50  # bins of equal shares of the reference
WIDTHS = 20  # bins of equal width, for the picture
FREQUENT = 0.01  # share of the reference from which on a category has a bin of its own
MOST_BLOCKS = 2_000
FEWEST_BLOCKS = 20
FOLDS = 10  # of blocks, for what a regression is worth on blocks that it has not seen
RIDGE = 0.05
ROWS = 3  # weight of the rows beside their blocks, which are few, in what tells scores apart
CARE = 1.2  # how much larger a difference must be that is not one of place
CHUNK = 50_000  # rows of the reference whose scores are held at once
UNSEEN = 3  # rows: what never occurs in N rows has a share below 3/N (Hanley & Lippman-Hand 1983)
DAY = np.timedelta64(1, "D")


@dataclass
class Column:
    """A column of the reference as bins; the last bin is for missing values.

    `edges` are the upper ends of a number's bins, `labels` the frequent values of a category."""

    name: str
    kind: str  # number, category or text (compared by its length)
    edges: np.ndarray = field(default_factory=lambda: np.empty(0))
    labels: list[str] = field(default_factory=list)
    ends: np.ndarray = field(default_factory=lambda: np.empty(0))  # of a picture's bars

    @property
    def size(self) -> int:
        """Bins; a number may lie above all edges, a category may be rare or new."""
        return len(self.edges if self.kind != "category" else self.labels) + 2

    def bins(self, values: pd.Series) -> np.ndarray:
        """The bin of each row."""
        if self.kind == "category":
            found = pd.Index(self.labels, dtype=object).get_indexer(values)
            found[found < 0] = len(self.labels)
        else:
            numbers = lengths(values) if self.kind == "text" else values.to_numpy(float)
            found = self.edges.searchsorted(numbers)
        found[values.isna().to_numpy()] = self.size - 1
        return found

    def weights(self, shares: np.ndarray) -> np.ndarray:
        """The scores of each bin, bins x scores, with mean 0 under the shares of the reference.

        Those of a number are its place, its distance from the middle, two more polynomials of its
        rank, and whether it is missing."""
        missing = np.eye(self.size)[:, -1:]
        if self.kind == "category":
            made = np.eye(self.size)
        else:
            known = shares[:-1] / max(shares[:-1].sum(), 1e-12)
            rank = known.cumsum() - known / 2
            orders = np.polynomial.legendre.legvander(2 * rank - 1, 4)[:, 1:]
            orders -= known @ orders
            made = np.column_stack([np.vstack([orders, np.zeros(4)]), missing])
        return np.asarray(made - shares @ made)

    def care(self) -> list[float]:
        """How much larger than one of place a difference of each score must be; what is infinite
        only tells what to expect of other columns."""
        if self.kind == "category":
            return [CARE] * self.size
        return [1, CARE, np.inf, np.inf, CARE]


def lengths(values: pd.Series) -> np.ndarray:
    """Characters of each text; NaN for none."""
    return values.str.len().to_numpy(float)


def column(values: pd.Series) -> Column:
    """The bins for a column, from its values in the reference (as `Model.prepare` types them)."""
    name = str(values.name)
    if values.dtype == object:
        counts = values.value_counts()
        shares = counts / max(counts.sum(), 1)
        frequent = shares[(shares >= FREQUENT) & (counts >= 5)]
        if frequent.sum() >= 0.5 or shares.empty:
            return Column(name, "category", labels=[str(label) for label in frequent.index])
        return binned(name, "text", lengths(values))
    return binned(name, "number", values.to_numpy(float))


def binned(name: str, kind: str, numbers: np.ndarray) -> Column:
    """A column cut at quantiles, at equal widths of its middle 99%, and at both ends."""
    known = numbers[np.isfinite(numbers)]
    if not len(known):
        return Column(name, kind)
    quantiles = np.quantile(known, np.linspace(0, 1, QUANTILES + 1)[1:-1], method="inverted_cdf")
    low, high = np.quantile(known, [0.005, 0.995]).tolist()
    ends = np.unique(np.linspace(low, high, WIDTHS + 1))
    below = np.nextafter(known.min(), -np.inf)
    return Column(name, kind, np.unique([*quantiles, *ends, below, known.max()]), ends=ends)


@dataclass
class Blocks:
    """How rows hang together in time: `period` days share what happens, or `rows` neighbours do."""

    rows: float
    period: int | None = None

    def units(self, times: np.ndarray) -> np.ndarray:
        """The period of each row, for rows with a time."""
        assert self.period
        known = times[~np.isnat(times)].astype("datetime64[D]").astype(np.int64)
        return np.unique(known // self.period)


def blocks(times: pd.Series | None, rows: int) -> tuple[Blocks, np.ndarray]:
    """The rule for blocks, and the block of each row of the reference.

    Whole days, as many as hold at least rows ** (1/3) rows, the length that is right for variances
    (Hall, Horowitz & Jing 1995); that many neighbours where there are fewer than 20 such periods;
    single rows where nothing says when a row was. More than 2,000 single rows make groups."""
    if times is None or times.isna().all():
        number = min(rows, MOST_BLOCKS)
        return Blocks(1), np.arange(rows) % number
    if times.dtype.kind == "M":
        days = times.ffill().bfill().to_numpy("datetime64[D]").astype(np.int64)
        period = int(np.ceil(rows ** (1 / 3) / (rows / len(np.unique(days)))))
        codes, found = pd.factorize(days // period, sort=True)
        if FEWEST_BLOCKS <= len(found) <= MOST_BLOCKS:
            return Blocks(rows / len(found), period), codes
    size = max(int(np.ceil(rows ** (1 / 3))), int(np.ceil(rows / MOST_BLOCKS)))
    order = times.to_numpy().argsort(kind="stable").argsort(kind="stable")
    return Blocks(size), order // size


class Tally:
    """Counts of rows by bin, added up over batches, and the periods in which they were."""

    def __init__(self, columns: list[Column], rule: Blocks) -> None:
        self.columns, self.rule = columns, rule
        self.counts = [np.zeros(column.size, np.int64) for column in columns]
        self.units: set[int] = set()
        self.rows = 0

    def add(self, frame: pd.DataFrame, times: pd.Series | None) -> None:
        """Rows with all columns, and their times where they are known."""
        self.rows += len(frame)
        for counts, column in zip(self.counts, self.columns, strict=True):
            counts += np.bincount(column.bins(frame[column.name]), minlength=len(counts))
        if self.rule.period and times is not None:
            self.units |= set(self.rule.units(times.to_numpy("datetime64[ns]")).tolist())

    def worth(self) -> float:
        """Rows that tell as much as these do if they came as the reference did: a thousand rows
        of one day tell no more of the weather than the rows of one day."""
        return min(self.rows, len(self.units) * self.rule.rows) if self.units else self.rows


@dataclass
class Change:
    """What became of a column. `statistic` is in standard errors, less what `CARE` takes; above
    `threshold` it moved."""

    column: Column
    statistic: float
    threshold: float
    how: str  # alone, or given the others
    drifted: bool
    reference: np.ndarray  # shares of the bins
    current: np.ndarray

    @property
    def psi(self) -> float:
        """The population stability index over about ten bins of equal shares, or the categories."""
        pairs = [self.grouped(shares) + 1e-4 for shares in (self.reference, self.current)]
        before, now = (pair / pair.sum() for pair in pairs)
        return float(((now - before) * np.log(now / before)).sum())

    def grouped(self, shares: np.ndarray) -> np.ndarray:
        if self.column.kind == "category":
            return shares
        known = self.reference[:-1]
        tenth = np.minimum((known.cumsum() - known / 2) / max(known.sum(), 1e-12) * 10, 9)
        return np.append(np.bincount(tenth.astype(int), shares[:-1], 10), shares[-1])


@dataclass
class Profile:
    """What rows are compared with; arrays of scores are in the order of the columns."""

    columns: list[Column]
    rule: Blocks
    rows: int
    shares: list[np.ndarray]
    weights: list[np.ndarray]
    sums: np.ndarray  # of the scores, blocks x scores
    sizes: np.ndarray  # rows of each block
    squares: np.ndarray  # products of the scores, folds x scores x scores; a fold is some blocks
    folds: np.ndarray  # the fold of each block
    least: np.ndarray  # variance of each score that no luck of the reference may go below
    known: dict[frozenset[int], tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)

    @property
    def single(self) -> np.ndarray:
        """The covariance of the scores of a row."""
        whole = self.squares.sum(axis=0) / self.rows
        return whole + np.diag(np.maximum(self.least - whole.diagonal(), 0))

    def relation(self, left_out: int = -1) -> np.ndarray:
        """What tells one score from others: the covariances of rows and of the means of their
        blocks, of all folds but one, with a ridge because there may be few blocks."""
        kept = self.folds != left_out
        rows, sums = self.sizes[kept].sum(), self.sums[kept]
        others = [fold for fold in range(len(self.squares)) if fold != left_out]
        both = (ROWS * self.squares[others].sum(axis=0) + sums.T @ sums) / rows
        return both + np.diag(both.diagonal() * RIDGE + self.least)

    def owners(self) -> np.ndarray:
        """The number of the column that each score belongs to."""
        widths = [weights.shape[1] for weights in self.weights]
        return np.repeat(np.arange(len(self.columns)), widths)

    def tally(self) -> Tally:
        return Tally(self.columns, self.rule)

    def places(self) -> Iterator[tuple[int, int]]:
        """The numeric columns and their scores of place."""
        first = np.cumsum([0, *(weights.shape[1] for weights in self.weights)])
        for number, column in enumerate(self.columns):
            if column.kind != "category":
                yield number, int(first[number])

    def contrasts(self, moved: Set[int], relation: np.ndarray) -> np.ndarray:
        """For each numeric column that has not moved: its place less what those of the others
        that have not moved predict; scores x columns."""
        owners, made = self.owners(), []
        for number, score in self.places():
            if number in moved:
                continue
            others = np.flatnonzero(~np.isin(owners, [number, *moved]))
            contrast = np.zeros(len(owners))
            contrast[score] = 1
            inner = relation[np.ix_(others, others)]
            contrast[others] = -np.linalg.solve(inner, relation[others, score])
            made.append(contrast)
        return np.array(made).reshape(len(made), len(owners)).T

    def given(self, moved: frozenset[int]) -> tuple[np.ndarray, np.ndarray]:
        """The contrasts, and their sums over each block as predicted from the other folds: what
        predicts the blocks that it was fitted to predicts others less well."""
        if moved not in self.known:
            sums = [
                self.sums[self.folds == fold] @ self.contrasts(moved, self.relation(fold))
                for fold in range(len(self.squares))
            ]
            ordered = np.concatenate(sums)[np.argsort(np.argsort(self.folds, kind="stable"))]
            self.known[moved] = self.contrasts(moved, self.relation()), ordered
        return self.known[moved]

    def errors(self, contrasts: np.ndarray, sums: np.ndarray, worth: float) -> np.ndarray:
        """Standard errors of differences between `worth` rows and the reference.

        Never less than for independent rows: that every day has the same hours makes their mean
        nearly certain over whole days, but a report may well begin at noon."""
        single, long_run = products(contrasts, self.single), (sums**2).sum(axis=0) / self.rows
        return np.sqrt(np.maximum(single, long_run) * (1 / worth + 1 / self.rows))

    def alone(self, worth: float) -> np.ndarray:
        """The standard error of each score by itself, with the care that it needs."""
        care = np.concatenate([column.care() for column in self.columns])
        return self.errors(np.eye(len(care)), self.sums, worth) * care

    def threshold(self, worth: float, seed: int = 0) -> float:
        """The largest standardised difference that chance makes, but in `ALPHA` of the cases."""
        given, predicted = self.given(frozenset())
        sums = np.hstack([self.sums, predicted])
        draw, number = np.random.default_rng(seed), len(self.sizes)
        size = self.rows / number
        some = max(1, round(worth / size))

        def means(blocks: int) -> np.ndarray:
            drawn = draw.multinomial(blocks, np.full(number, 1 / number), DRAWS).astype(float)
            return np.asarray(drawn @ sums / (drawn @ self.sizes)[:, None])

        worth = some * size
        errors = np.append(self.alone(worth), self.errors(given, predicted, worth))
        different = (means(some) - means(number)) / errors
        return float(np.quantile(np.abs(different).max(axis=1), 1 - ALPHA))

    def compare(self, tally: Tally, threshold: float | None = None) -> list[Change]:
        """What became of each column, the one that moved most first."""
        worth = tally.worth()
        limit = self.threshold(worth) if threshold is None else threshold
        now = [counts / tally.rows for counts in tally.counts]
        moves = np.concatenate([s @ w for s, w in zip(now, self.weights, strict=True)])
        alone = np.abs(moves) / self.alone(worth)
        owners = self.owners()
        best = [float(alone[owners == number].max()) for number in range(len(self.columns))]
        how = ["alone"] * len(self.columns)
        moved = {number for number, statistic in enumerate(best) if statistic > limit}
        while True:
            columns = [number for number, _ in self.places() if number not in moved]
            contrasts, sums = self.given(frozenset(moved))
            against = np.abs(moves @ contrasts) / self.errors(contrasts, sums, worth)
            if against.max(initial=0) <= limit:
                break
            # Who moved disturbs what is expected of others too; the likeliest one is named first.
            likely = np.abs(moves @ contrasts) / np.sqrt(products(contrasts, self.relation()))
            top = int(np.where(against > limit, likely, 0).argmax())
            moved.add(columns[top])
            best[columns[top]], how[columns[top]] = float(against[top]), "given the others"
        changes = [
            Change(column, best[i], limit, how[i], i in moved, self.shares[i], now[i])
            for i, column in enumerate(self.columns)
        ]
        return sorted(changes, key=lambda change: (not change.drifted, -change.statistic))


def products(contrasts: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """The variance of each contrast (a column)."""
    return np.asarray(np.einsum("ij,ij->j", contrasts, covariance @ contrasts))


def profile(frame: pd.DataFrame, times: pd.Series | None) -> Profile:
    """The reference: its columns, typed as `Model.prepare` does, and when each row was."""
    rule, block = blocks(times, len(frame))
    columns = [column(frame[name]) for name in frame]
    shares, weights, found = [], [], []
    for one in columns:
        found.append(one.bins(frame[one.name]))
        shares.append(np.bincount(found[-1], minlength=one.size) / len(frame))
        weights.append(one.weights(shares[-1]))
    scores = sum(one.shape[1] for one in weights)
    sums, squares = np.zeros((block.max() + 1, scores)), np.zeros((FOLDS, scores, scores))
    folds = np.arange(len(sums)) % FOLDS
    for start in range(0, len(frame), CHUNK):
        part = slice(start, start + CHUNK)
        rows = np.hstack([w[bins[part]] for w, bins in zip(weights, found, strict=True)])
        np.add.at(sums, block[part], rows)
        for fold in range(FOLDS):
            some = rows[folds[block[part]] == fold]
            squares[fold] += some.T @ some
    ranges = np.concatenate([np.ptp(one, axis=0) for one in weights])
    least = np.maximum(ranges**2, 1e-12) * UNSEEN / len(frame)
    sizes = np.bincount(block)
    return Profile(columns, rule, len(frame), shares, weights, sums, sizes, squares, folds, least)


def summary(change: Change) -> dict[str, Any]:
    """A change as reports/drift.json has it."""
    return {
        "name": change.column.name,
        "kind": change.column.kind,
        "statistic": round(change.statistic, 3),
        "threshold": round(change.threshold, 3),
        "how": change.how,
        "psi": round(change.psi, 4),
        "drifted": change.drifted,
        "missing_reference": round(float(change.reference[-1]), 4),
        "missing_current": round(float(change.current[-1]), 4),
    }
