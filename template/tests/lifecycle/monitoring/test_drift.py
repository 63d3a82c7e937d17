"""Your own held-out rows are not called drift, and a change that is planted in them is named."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lifecycle.development.model import Model
from lifecycle.monitoring.drift import reference
from lifecycle.monitoring.drift.comparison import compare
from lifecycle.monitoring.drift.reference_profile import Tally, make_profile
from lifecycle.monitoring.drift.thresholds import threshold
from lifecycle.monitoring.window import make_batch
from lifecycle.problem import load, part
from lifecycle.project import data_path


@pytest.fixture(scope="module")
def rows(workspace: Path, trained: Model) -> pd.DataFrame:
    """The held-out rows of the tests' sample, with predictions, as they are compared."""
    _, test, *_ = part("data").split(load(data_path()))
    if len(test) < reference.MIN_ROWS:
        pytest.skip(f"only {len(test)} rows are held out")
    return reference.compared(make_batch(trained, test.reset_index(drop=True)))


def drifted(rows: pd.DataFrame, samples: list[pd.DataFrame]) -> list[list[str]]:
    """The columns that a report names of each sample, with the rows as its reference."""
    profile = make_profile(rows, None)
    limit, found = threshold(profile, len(rows)), []
    for sample in samples:
        tally = Tally(profile)
        tally.add(sample, None)
        found.append([c.column.name for c in compare(profile, tally, limit) if c.drifted])
    return found


def test_rows_like_the_reference_are_not_named(rows: pd.DataFrame) -> None:
    """The rows themselves never are; of 5 resamples, of which 5% may be, at most 2 are."""
    random = np.random.default_rng(0)
    samples = [rows.iloc[random.integers(0, len(rows), len(rows))] for _ in range(5)]
    itself, *others = drifted(rows, [rows, *samples])
    assert itself == [] and sum(map(bool, others)) <= 2


def test_a_column_without_values_is_named(rows: pd.DataFrame) -> None:
    column = rows.columns[int(rows.isna().mean().argmin())]
    empty = None if rows[column].dtype == object else np.nan
    [found] = drifted(rows, [rows.assign(**{column: empty})])
    assert column in found
