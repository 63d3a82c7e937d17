"""Extensions of `enrich` add columns wherever rows are learned from or scored, and lose none."""

import textwrap
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from lifecycle import problem, project
from lifecycle.cli import run
from lifecycle.data import table
from lifecycle.development import model
from lifecycle.development.model import Model
from lifecycle.problem import part
from tests.lifecycle.conftest import Write

DAYS = 28
# A feature of a store, as of level 3: how often the carrier was late in the 28 days before.
LATE_RATE = """
    import pandas as pd

    from lifecycle.extensions import extends

    @extends("enrich")
    def late_rate(frame, at):
        known = pd.read_parquet({history!r}).sort_values("scheduled_departure")
        by_carrier = known.groupby("carrier")["late"]
        known = known.assign(flights=by_carrier.cumcount() + 1, late=by_carrier.cumsum())

        def until(moments):
            asked = pd.DataFrame({{"carrier": frame["carrier"], "at": moments, "row": range(len(frame))}})
            found = pd.merge_asof(
                asked.sort_values("at"), known, left_on="at", right_on="scheduled_departure", by="carrier",
                allow_exact_matches=False,
            )
            return found.sort_values("row")[["late", "flights"]].fillna(0).to_numpy(float)

        late, flights = (until(at) - until(at - pd.Timedelta(days={days}))).T
        return frame.assign(late_rate=late / pd.Series(flights).where(flights > 0).to_numpy())
"""


@pytest.fixture
def history(workspace: Path, trained: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is known of past flights, beside a root of its own.

    MLflow remembers the first root of a process: that is to be the one where all tests look at the recorded model."""
    frame = table.read(project.data_path())
    if "carrier" not in frame:
        pytest.skip("this project has other data than the flights")
    frame[["carrier", "scheduled_departure", "late"]].to_parquet(tmp_path / "history.parquet")
    for name in ("conf", "params.yaml", "pyproject.toml"):
        (tmp_path / name).symlink_to(workspace / name)
    monkeypatch.setenv("PROJECT_ROOT", str(tmp_path))
    return tmp_path / "history.parquet"


def test_what_was_known_at_the_time_is_learned_from_and_scored_with(
    history: Path, tmp_path: Path, write: Write, rows: pd.DataFrame
) -> None:
    write("store.py", textwrap.dedent(LATE_RATE).format(history=str(history), days=DAYS))
    frame = problem.load(project.data_path())
    past = pd.read_parquet(history)
    for _, row in frame.sample(20, random_state=0).iterrows():
        age = row["scheduled_departure"] - past["scheduled_departure"]
        recent = past[(past["carrier"] == row["carrier"]) & (age > pd.Timedelta(0)) & (age <= pd.Timedelta(days=DAYS))]
        np.testing.assert_allclose(row["late_rate"], recent["late"].mean())

    assert run("train", ["--json"]) == 0
    trained = model.load()
    assert trained.facts["enriched"] == ["late_rate"]
    assert "late_rate" in [column["name"] for column in trained.facts["schema"]]
    raw = rows[table.read(project.data_path()).columns]
    raw.to_parquet(tmp_path / "new.parquet")
    assert run("predict", [str(tmp_path / "new.parquet"), str(tmp_path / "scored.parquet")]) == 0
    scored = pd.read_parquet(tmp_path / "scored.parquet")
    wanted = trained.predict(problem.enrich(raw)).reset_index(drop=True)
    pd.testing.assert_frame_equal(scored[list(wanted)], wanted)
    with pytest.raises(project.Failure, match="late_rate"):
        trained.predict(raw)


def test_extensions_are_called_in_order_with_the_moment_of_each_row(
    write: Write, workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = """
        from lifecycle.extensions import extends

        @extends("enrich", precedence={precedence})
        def add(frame, at):
            return frame.assign({column}={value})
        """
    write("one.py", text.format(precedence=1, column="doubled", value="2 * frame['tripled']"))
    write("two.py", text.format(precedence=2, column="tripled", value="3"))
    write("three.py", text.format(precedence=0, column="moment", value="at"))
    settings = {**project.conf(), "time_column": "day"}
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/data.yaml").write_text(yaml.safe_dump(settings))
    monkeypatch.setenv("PROJECT_ROOT", str(tmp_path))
    moment = datetime(2026, 5, 1, 12, tzinfo=UTC)
    asked = problem.enrich(pd.DataFrame({"x": [1.0, 2.0]}, index=[7, 5]), moment)
    assert asked["doubled"].tolist() == [6, 6]
    assert asked["moment"].tolist() == [pd.Timestamp("2026-05-01 12:00")] * 2
    days = pd.to_datetime(["2013-01-01", "2013-01-02"])
    assert problem.enrich(pd.DataFrame({"day": days}), moment)["moment"].tolist() == [*days]


def test_an_extension_that_loses_rows_is_refused(write: Write, workspace: Path) -> None:
    write(
        "lossy.py",
        """
        from lifecycle.extensions import extends

        @extends("enrich")
        def drop(frame, at):
            return frame.head(1)
        """,
    )
    with pytest.raises(project.Failure, match=r"own_package\.lossy\.drop returned other rows .*1 for 2"):
        problem.enrich(pd.DataFrame({"x": [1, 2]}))


def test_without_extensions_the_table_is_as_it_was_loaded(workspace: Path) -> None:
    frame = problem.load(project.data_path())
    pd.testing.assert_frame_equal(frame, part("data").load(project.data_path()))
    assert frame.attrs["enriched"] == []
