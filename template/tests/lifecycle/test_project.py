"""The whole way of a model, on a sample of this project's own data."""

import json
import runpy
from pathlib import Path

import matplotlib
import pandas as pd
import pytest

from lifecycle.cli import run
from lifecycle.data import table
from lifecycle.development.model import Model, load, versions
from lifecycle.problem import part
from lifecycle.project import Failure, home
from lifecycle.testing import Cli


def test_a_training_is_kept_with_its_metrics_beside_the_baseline(trained: Model) -> None:
    assert trained.version in versions()
    assert part("metrics").PRIMARY in trained.facts["metrics"]
    assert part("metrics").PRIMARY in trained.facts["baseline"]


def test_a_kept_model_predicts_what_the_trained_one_did(trained: Model, rows: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(load(trained.version).predict(rows), trained.predict(rows))


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_predict_equals_the_model_and_loses_no_row(
    suffix: str, trained: Model, rows: pd.DataFrame, cli: Cli, tmp_path: Path
) -> None:
    with table.writer(tmp_path / f"in{suffix}") as source:
        source.write(rows)
    files = [str(tmp_path / f"in{suffix}"), str(tmp_path / f"out{suffix}")]
    if suffix == ".csv":  # a new process has to find all that the model needs
        assert json.loads(cli("predict", *files, "--json").stdout)["rows"] == len(rows)
    else:
        assert run("predict", files) == 0
    scored = table.read(tmp_path / f"out{suffix}")
    expected = load().predict(table.read(tmp_path / f"in{suffix}"))
    assert len(scored) == len(rows)
    pd.testing.assert_frame_equal(scored[list(expected)], expected, check_dtype=False)


def test_a_missing_column_is_named(trained: Model, rows: pd.DataFrame) -> None:
    name = trained.facts["schema"][0]["name"]
    with pytest.raises(Failure, match="missing from the table"):
        trained.predict(rows.drop(columns=name))


def test_a_table_that_is_not_there_is_named(cli: Cli) -> None:
    done = cli("train", check=False, DATA_PATH="nowhere.csv")
    assert done.returncode == 2
    assert "nowhere.csv" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_scorecard_follows_the_evidence(
    trained: Model, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "maturity.html"
    capsys.readouterr()
    assert run("maturity", ["--json", "--html", str(page)]) == 0
    found = json.loads(capsys.readouterr().out)
    states = {entry["id"]: entry["state"] for entry in found["capabilities"]}
    assert states["M0"] == "proven"
    assert "M0" in page.read_text(encoding="utf-8")


def test_the_notebook_runs_from_top_to_bottom(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = home(Path.cwd()) / "notebooks" / "explore.ipynb"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    script = tmp_path / "explore.py"
    script.write_text("\n\n".join(code), encoding="utf-8")
    matplotlib.use("agg")
    runpy.run_path(str(script))
    assert capsys.readouterr().out
