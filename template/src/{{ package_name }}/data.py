"""The data: where rows come from, and which of them are held out to test the model."""

from pathlib import Path

import pandas as pd

from lifecycle.data import dataset, table


def load(path: Path) -> pd.DataFrame:
    """The table to learn from, one row an example, with the target."""
    return table.read(path)


def split(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """Rows to learn from, rows to test with, and how they were split."""
    return dataset.holdout(frame)
