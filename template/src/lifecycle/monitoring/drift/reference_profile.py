"""The profile of the reference: all that is needed to compare other rows with it.

It is made once for a version of the model and kept as a NumPy archive (npz) that holds arrays and
JSON, nothing pickled.
"""

import io
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from ...project import Failure, write_atomically
from .binning import Column, make_column
from .blocks import BlockRule, make_blocks

FORMAT = 1
FOLDS = 10  # of blocks, to cross-validate the regressions
CHUNK = 50_000  # rows whose scores are held in memory at once
UNSEEN = 3  # what never occurs in N rows has a share below 3/N (Hanley & Lippman-Hand 1983)


@dataclass
class Profile:
    """The reference as counts and moments; scores are in the order of the columns."""

    columns: list[Column]
    rule: BlockRule
    shares: list[np.ndarray]  # of the bins of each column
    sums: np.ndarray  # of the scores over each block, blocks x scores
    sizes: np.ndarray  # rows of each block
    products: np.ndarray  # of scores, summed over the rows of each fold, folds x scores x scores
    # Contrasts and their predicted block sums, by the columns that drifted (see contrasts.py).
    fitted: dict[frozenset[int], tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rows = int(self.sizes.sum())
        self.scores = all_scores(self.columns, self.shares)  # bins x scores, of each column
        self.folds = fold_of_blocks(len(self.sizes))
        ranges = np.concatenate([np.ptp(scores, axis=0) for scores in self.scores])
        # The least variance of each score that is believed.
        self.floor = np.maximum(ranges**2, 1e-12) * UNSEEN / self.rows

    @property
    def covariance(self) -> np.ndarray:
        """The covariance of the scores of a single row."""
        total = self.products.sum(axis=0) / self.rows
        return total + np.diag(np.maximum(self.floor - total.diagonal(), 0))

    def column_numbers(self) -> np.ndarray:
        """The number of the column that each score belongs to."""
        return np.repeat(np.arange(len(self.columns)), [one.shape[1] for one in self.scores])

    def locations(self) -> dict[int, int]:
        """The index of the location score of each numeric column."""
        first = np.cumsum([0, *(scores.shape[1] for scores in self.scores)])
        numbers = (i for i, column in enumerate(self.columns) if column.kind != "category")
        return {number: int(first[number]) for number in numbers}


class Tally:
    """Counts of rows by bin, added up over batches, and the periods in which they were."""

    def __init__(self, profile: Profile) -> None:
        self.columns, self.rule = profile.columns, profile.rule
        self.counts = [np.zeros(column.size, np.int64) for column in self.columns]
        self.periods: set[int] = set()
        self.rows = 0

    def add(self, frame: pd.DataFrame, times: pd.Series | None) -> None:
        """Count rows with all columns, and their times where they are known."""
        self.rows += len(frame)
        for counts, column in zip(self.counts, self.columns, strict=True):
            counts += column.count(frame[column.name])
        if self.rule.period and times is not None:
            self.periods |= set(self.rule.periods(times.to_numpy("datetime64[ns]")).tolist())

    def effective_rows(self) -> float:
        """How many rows these count as: a thousand rows of one day say no more about the weather
        than the reference's rows of one day."""
        return min(self.rows, len(self.periods) * self.rule.rows) if self.periods else self.rows


def all_scores(columns: list[Column], shares: list[np.ndarray]) -> list[np.ndarray]:
    """The scores of the bins of each column."""
    return [column.scores(share) for column, share in zip(columns, shares, strict=True)]


def fold_of_blocks(blocks: int) -> np.ndarray:
    """The fold of each block."""
    return np.arange(blocks) % FOLDS


def make_profile(frame: pd.DataFrame, times: pd.Series | None) -> Profile:
    """The profile of rows (as `Model.prepare` types them) and of their times."""
    rule, blocks = make_blocks(times, len(frame))
    columns = [make_column(frame[name]) for name in frame]
    bins = [column.bins(frame[column.name]) for column in columns]
    counts = [np.bincount(b, minlength=c.size) for b, c in zip(bins, columns, strict=True)]
    shares = [count / len(frame) for count in counts]
    scores, sizes = all_scores(columns, shares), np.bincount(blocks)
    width, folds = sum(one.shape[1] for one in scores), fold_of_blocks(len(sizes))
    sums, products = np.zeros((len(sizes), width)), np.zeros((FOLDS, width, width))
    for start in range(0, len(frame), CHUNK):
        part = slice(start, start + CHUNK)
        rows = np.hstack([one[found[part]] for one, found in zip(scores, bins, strict=True)])
        np.add.at(sums, blocks[part], rows)
        for fold in range(FOLDS):
            some = rows[folds[blocks[part]] == fold]
            products[fold] += some.T @ some
    return Profile(columns, rule, shares, sums, sizes, products)


def save(profile: Profile, path: Path) -> None:
    """Keep a profile, with the regressions for the case that no column drifted."""
    facts = {
        "format": FORMAT,
        "rule": vars(profile.rule),
        "columns": [vars(column) for column in profile.columns],
        "shares": [shares.tolist() for shares in profile.shares],
    }
    arrays = {name: getattr(profile, name) for name in ("sums", "sizes", "products")}
    arrays["contrasts"], arrays["predicted"] = profile.fitted[frozenset()]
    content = io.BytesIO()
    np.savez(content, facts=np.array(json.dumps(facts)), **arrays)
    write_atomically(path, content.getvalue())


def load(path: Path) -> Profile:
    """Read a profile; raises Failure if a newer template made it."""
    with np.load(path, allow_pickle=False) as kept:
        facts = json.loads(str(kept["facts"]))
        if facts["format"] > FORMAT:
            raise Failure(f"{path} was made by a newer template: climb first, or delete it")
        return Profile(
            [Column(**column) for column in facts["columns"]],
            BlockRule(**facts["rule"]),
            [np.array(shares) for shares in facts["shares"]],
            kept["sums"],
            kept["sizes"],
            kept["products"],
            {frozenset(): (kept["contrasts"], kept["predicted"])},
        )
