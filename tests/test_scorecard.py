"""The scorecard follows the evidence: what is taken away, each thing alone, is missed."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import ladder

Live = Callable[..., Path]
MLFLOW = """
import sys, mlflow
mlflow.set_tracking_uri("sqlite:///mlflow.db")
change = getattr(mlflow.MlflowClient(), sys.argv[1] + "_run")
for run in mlflow.search_runs(search_all_experiments=True, output_format="list", run_view_type=3):
    change(run.info.run_id)
"""


@contextmanager
def away(path: Path) -> Iterator[None]:
    """As if somebody had deleted it."""
    kept = path.rename(path.with_name(f"{path.name}.away"))
    yield
    kept.rename(path)


@contextmanager
def without_run(root: Path, python: Path) -> Iterator[None]:
    """The tracker's run is deleted as the tracker deletes it."""
    ladder.run([python, "-c", MLFLOW, "delete"], root)
    yield
    ladder.run([python, "-c", MLFLOW, "restore"], root)


def test_the_score_falls_without_the_run_the_key_or_the_report(live: Live, source: Path, tmp_path: Path) -> None:
    project = live()
    root, python = tmp_path / "root", project / ".venv" / "bin" / "python"
    shutil.copytree(project / "conf", root / "conf")
    for name in ("params.yaml", ".secrets.baseline", ".gitignore"):
        shutil.copy(project / name, root)
    ladder.commit(root, "Start")
    env = {"PROJECT_ROOT": str(root), "DATA_PATH": str(project / "data" / "flights.parquet")}

    def act(*arguments: str) -> Any:
        return json.loads(ladder.run([python, "-m", "lifecycle.cli", *arguments, "--json"], root, **env).stdout)

    def score() -> tuple[int, dict[str, str]]:
        card = act("maturity")
        return card["proven"], {entry["id"]: entry["state"] for entry in card["capabilities"]}

    act("train")
    act("keys", "add", "a test")
    act("scan-secrets")
    full, states = score()
    assert (states["M1a"], states["G1b"]) == ("proven", "proven")
    taken = {
        "M1a": [without_run(root, python), away(root / "reports" / "training.html")],
        "G1b": [away(root / "secrets" / "api_keys.json")],
    }
    for capability, things in taken.items():
        for thing in things:
            with thing:
                fallen, without = score()
                assert (fallen, without) == (full - 1, states | {capability: "missing"})
    assert score() == (full, states)
    printed = ladder.run([python, "-m", "lifecycle.cli", "maturity"], root, **env).stdout
    assert f"uvx --from {source} mlops-ladder climb --to 2" in printed

    # A run that was made elsewhere has its model and its report there: nothing is missing here.
    with away(root / "models"), away(root / "reports"):
        assert score()[1]["M1a"] == "unseen"
