"""The bundled flights: made by the script, real enough to drift, and learnable."""

import json
import runpy
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests import ladder

FLIGHTS = ladder.ROOT / "template" / "data" / "flights.parquet"


def test_the_script_makes_the_bundled_table_again(tmp_path: Path) -> None:
    make = runpy.run_path(str(ladder.ROOT / "scripts" / "make_flights.py"))["main"]
    make(tmp_path / "once.parquet")
    make(tmp_path / "twice.parquet")
    assert (tmp_path / "once.parquet").read_bytes() == (tmp_path / "twice.parquet").read_bytes()
    # The bytes name the version of pyarrow, so they are the bundled ones only with the version the script pins.
    assert pq.read_table(tmp_path / "once.parquet").equals(pq.read_table(FLIGHTS))
    assert FLIGHTS.stat().st_size < 400_000


def test_the_flights_are_spread_over_the_year_and_drift() -> None:
    frame = pq.read_table(FLIGHTS).to_pandas()
    moments = frame["scheduled_departure"]
    assert moments.is_monotonic_increasing and frame["flight_id"].is_unique
    assert moments.dt.month.value_counts().between(1_400, 1_800).all()
    late = frame.groupby(moments.dt.month)["late"].mean()
    assert late.idxmin() == 9 and late.min() < 0.15
    assert late.idxmax() == 12 and late.max() > 0.3


def test_the_dictionary_explains_every_column(render: Callable[..., Path], tmp_path: Path) -> None:
    page = (render(tmp_path / "project") / "data" / "README.md").read_text(encoding="utf-8")
    assert [name for name in pq.read_schema(FLIGHTS).names if f"`{name}`" not in page] == []
    assert "CC0" in page


@pytest.mark.parametrize(
    ("problem_type", "metric", "least"), [("classification", "roc_auc", 0.65), ("regression", "r2", 0.98)]
)
def test_the_last_months_can_be_predicted(
    problem_type: str, metric: str, least: float, live: Callable[..., Path], tmp_path: Path
) -> None:
    home = live(level=0, problem_type=problem_type)
    project = ladder.copied(home, tmp_path / "project")
    python = next((home / ".venv").glob("[bS]*/python*"))
    done = ladder.run([python, "-m", "lifecycle.cli", "train", "--json"], project, PYTHONPATH=str(project / "src"))
    facts = json.loads(done.stdout)
    assert facts["metrics"][metric] >= least
    assert "from 2013-10-19" in facts["data"]["split"]
    names = {column["name"] for column in facts["schema"]}
    assert not names & {"flight_id", "late", "air_time"}
