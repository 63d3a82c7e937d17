"""The search finds the same however it is computed, goes on where it was, and trainings take it."""

import hashlib
import io
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import closing, redirect_stdout
from pathlib import Path
from shutil import copy, copytree
from typing import Any

import optuna
import pytest
import yaml

from lifecycle import project
from lifecycle.cli import run
from lifecycle.development import tuned
from lifecycle.development.candidates import Candidate, choose, training
from lifecycle.development.train import Run
from lifecycle.development.tuning import folds, search, settings, study
from lifecycle.problem import part

Cli = Callable[..., subprocess.CompletedProcess[str]]


def ranges() -> dict[str, Any]:
    """Something to search whatever the model is: around the numbers that params.yaml gives it."""
    found: dict[str, Any] = {}
    for name, value in (project.params().get("model") or {}).items():
        if type(value) is int and value > 1:
            found[name] = {"low": value // 2, "high": 2 * value, "log": True}
        elif type(value) is float and value > 0:
            found[name] = {"low": value / 2, "high": value}
    return found


def fine() -> dict[str, Any]:
    """A space in which no two trials are the same, for scores that no model gives."""
    return {name: {"low": 0.0, "high": 1.0} for name in ranges()}


def cut_down(root: Path, **changes: Any) -> None:
    """A small search, with changes."""
    small = {"space": ranges(), "trials": 3, "folds": 2, "batch": 2, "workers": None}
    (root / "conf" / "tune.yaml").write_text(yaml.safe_dump(small | changes), encoding="utf-8")


@pytest.fixture
def root(workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root of its own, so that no other test sees what is searched here."""
    copytree(workspace / "conf", tmp_path / "conf")
    copy(workspace / "params.yaml", tmp_path)
    (tmp_path / tuned.FILE).unlink(missing_ok=True)
    monkeypatch.setenv("PROJECT_ROOT", str(tmp_path))
    if not ranges():
        pytest.skip("params.yaml gives the model no number that could be searched")
    cut_down(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def found(workspace: Path) -> Iterator[dict[str, Any]]:
    """What a search of three trials printed; its result is gone afterwards."""
    kept = {path: path.read_bytes() for path in (workspace / "conf").glob("tune*.yaml")}
    if not ranges():
        pytest.skip("params.yaml gives the model no number that could be searched")
    cut_down(workspace)
    try:
        with redirect_stdout(io.StringIO()) as out:
            assert run("tune", ["--workers", "2", "--json"]) == 0
        yield json.loads(out.getvalue())
    finally:
        (workspace / tuned.FILE).unlink(missing_ok=True)
        for path, content in kept.items():
            path.write_bytes(content)


def test_the_best_is_no_worse_than_params_yaml(found: dict[str, Any], workspace: Path) -> None:
    better = found["best"] >= found["default"]
    assert better if part("metrics").GREATER_IS_BETTER else found["best"] <= found["default"]
    assert found["base"]["model"] == project.params()["model"]
    assert found == tuned.read()
    page = (workspace / "reports" / "tuning.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 2 and found["study"] in page


def test_a_training_takes_the_settings_while_they_fit(
    found: dict[str, Any], workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = project.params()
    taken = choose(ours)
    assert taken.source == "tuned"
    assert taken.params["model"] == ours["model"] | found["params"]["model"]
    assert taken.params["seed"] == ours["seed"]
    with training(Run({"params": ours})):
        assert "fitting the tuned model: with the settings that" in capsys.readouterr().out
    mended = {**ours, "model": {**ours["model"], "learning_rate": 0.0123}}
    assert choose(mended) == Candidate("params.yaml", "", mended)
    assert "left out" in capsys.readouterr().out


def test_settings_of_a_newer_template_are_refused_and_those_without_a_format_read(root: Path) -> None:
    base: dict[str, Any] = {"params": {"model": {}}, "base": {"model": {}}}
    (root / tuned.FILE).write_text(yaml.safe_dump(base), encoding="utf-8")
    assert tuned.read() == base
    (root / tuned.FILE).write_text(yaml.safe_dump(base | {"format": 2}), encoding="utf-8")
    with pytest.raises(project.Failure, match="newer template: climb first"):
        tuned.read()


def test_the_scorecard_sees_the_search_and_misses_a_deleted_one(found: dict[str, Any], workspace: Path) -> None:
    assert [item.state for item in tuned.evidence()] == ["proven"]
    away = (workspace / tuned.FILE).rename(workspace / "elsewhere.yaml")
    try:
        assert [item.state for item in tuned.evidence()] == ["missing"]
    finally:
        away.rename(workspace / tuned.FILE)


def test_every_trial_is_in_the_tracker(found: dict[str, Any], workspace: Path) -> None:
    {"mlflow": in_mlflow, "wandb": in_wandb}[project.settings()["tracking"]](found, workspace)


def in_mlflow(found: dict[str, Any], workspace: Path) -> None:
    import mlflow

    address = f"sqlite:///{(project.root() / 'mlflow.db').as_posix()}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", address)
        mlflow.set_tracking_uri(address)
    runs = mlflow.search_runs(
        experiment_names=[f"{project.name()}-tune"],
        filter_string=f"tags.study = '{found['study']}'",
        output_format="list",
    )
    trials = {run.data.tags["trial"]: run for run in runs}
    assert sorted(trials) == ["0", "1", "2", "all"]
    parent = trials.pop("all")
    assert {run.data.tags["mlflow.parentRunId"] for run in trials.values()} == {parent.info.run_id}
    assert trials["0"].data.metrics[found["metric"]] == pytest.approx(found["default"])
    assert parent.data.metrics["best"] == pytest.approx(found["best"])
    best = {f"model.{key}": str(value) for key, value in found["params"]["model"].items()}
    assert best in [run.data.params for run in trials.values()]


def in_wandb(found: dict[str, Any], workspace: Path) -> None:
    (log,) = (workspace / "wandb" / "tuning").glob(f"wandb/*run-*-{found['study']}-3/*.wandb")
    inspect = [sys.executable, "-m", "wandb", "leet", "inspect", "--summary", "--json", str(log)]
    run = json.loads(subprocess.run(inspect, capture_output=True, text=True, check=True).stdout)
    assert run["config"]["study"] == found["study"]
    assert run["summary"]["best"] == pytest.approx(found["best"])
    assert run["summary"]["trial"] == 2


def test_no_fold_sees_a_row_that_is_held_out_or_newer(root: Path) -> None:
    path = project.data_path()
    made = folds.read(path, 3, 7)
    learning, held_out, *_ = part("data").split(part("data").load(path))
    assert len(made.rows) == len(learning) and not made.rows.index.isin(held_out.index).any()
    time = project.conf()["time_column"]
    assert made.positions
    for early, late in made.positions:
        assert not {*early} & {*late}
        if time:
            assert made.rows[time].iloc[early].max() < made.rows[time].iloc[late].min()


Score = Callable[[dict[str, Any], int], float | str]


def pretend(params: dict[str, Any], fold: int) -> float | str:
    """A score that depends on the parameters and the fold, at once."""
    text = json.dumps([params["model"], fold], sort_keys=True)
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) / 16**8


class Late(Executor):
    """Workers whose results come the later, the earlier they were asked for."""

    def __init__(self, score: Score, workers: int) -> None:
        self.score, self.workers, self.pause = score, workers, iter(range(10_000))

    def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        wait = 0.01 * (self.workers - next(self.pause) % self.workers)
        threading.Timer(wait, lambda: future.set_result(self.score(*args))).start()
        return future


def searched(score: Score, workers: int, study: optuna.Study, trials: int = 6) -> search.Search:
    """A search whose scores come late."""
    asked = settings.read(trials)
    made = search.Search(study, asked, project.params(), asked.folds)
    made.run(Late(score, workers))
    return made


def history(made: search.Search) -> dict[int, Any]:
    return {n: (it.state, it.value, it.user_attrs["values"]) for n, it in made.finished().items()}


def test_workers_and_the_order_of_scores_change_nothing(root: Path) -> None:
    cut_down(root, batch=4, space=fine())
    alone = history(searched(pretend, 1, optuna.create_study(), trials=12))
    assert history(searched(pretend, 4, optuna.create_study(), trials=12)) == alone
    assert len(alone) == 12 and len({str(values) for _, _, values in alone.values()}) == 12
    stopped = searched(pretend, 3, optuna.create_study(), trials=6)
    assert history(stopped) == dict(list(alone.items())[:6])
    assert history(searched(pretend, 2, stopped.study, trials=12)) == alone


def test_a_failing_trial_is_kept_as_failed_and_the_search_goes_on(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first: list[dict[str, Any]] = []

    def refuse_one(params: dict[str, Any], fold: int) -> float | str:
        if params["model"] != project.params()["model"] and not first:
            first.append(params["model"])
        return "ValueError: no" if params["model"] in first else pretend(params, fold)

    made = searched(refuse_one, 1, optuna.create_study())
    states = [trial.state.name for trial in made.finished().values()]
    assert states.count("FAIL") == 1 and len(states) == 6
    assert "failed: ValueError: no" in capsys.readouterr().out


def test_when_every_trial_fails_it_says_so(root: Path) -> None:
    cut_down(root, space=fine())

    def refuse(params: dict[str, Any], fold: int) -> float | str:
        own = params["model"] == project.params()["model"]
        return pretend(params, fold) if own else "ValueError: never"

    with pytest.raises(project.Failure, match=r"conf/tune\.yaml.*never"):
        searched(refuse, 2, optuna.create_study())


@pytest.mark.parametrize(
    "change, message",
    [
        ({"trails": 3}, "did you mean trials"),
        ({"trials": 0}, "trials: it should be greater than or equal to 1"),
        ({"space": [1]}, "space: it should be a valid dictionary"),
        ({"space": {"learning_rate": {"low": 1, "hihg": 2}}}, "did you mean high"),
        ({"space": {"learning_rate": {"low": 2, "high": 1}}}, "space.learning_rate: "),
    ],
)
def test_a_mistake_in_the_settings_is_named(root: Path, change: dict[str, Any], message: str) -> None:
    cut_down(root, **change)
    with pytest.raises(project.Failure, match=message):
        settings.read()


def test_a_file_that_another_process_holds_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "PATIENCE", 0.1)
    with study.usable():
        study.study("first")
    with (
        closing(sqlite3.connect(study.database_path())) as other,
        pytest.raises(project.Failure, match="locked"),
        study.usable(),
    ):
        other.execute("begin exclusive")
        study.study("second")


@pytest.mark.slow
def test_a_search_that_was_killed_goes_on_and_finds_the_same(
    root: Path, cli: Cli, tmp_path_factory: pytest.TempPathFactory
) -> None:
    command = [sys.executable, "-m", "lifecycle.cli", "tune", "--trials", "8"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout
        reported = 0
        for line in killed.stdout:
            reported += bool(re.match(r"\d+ of 8: trial", line))
            if reported == 3:
                break
        os.kill(killed.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        killed.stdout.read()  # ends only when no worker holds the pipe any more
    assert not (root / tuned.FILE).exists()
    resumed = cli("tune", "--trials", "8", "--json")
    done = re.search(r"8 trials, (\d+) done", resumed.stderr)
    assert done and 3 <= int(done[1]) < 8
    elsewhere = tmp_path_factory.mktemp("whole")
    copytree(root / "conf", elsewhere / "conf")
    (elsewhere / tuned.FILE).unlink()
    copy(root / "params.yaml", elsewhere)
    cli("tune", "--trials", "8", "--workers", "1", PROJECT_ROOT=str(elsewhere))
    assert (elsewhere / tuned.FILE).read_text() == (root / tuned.FILE).read_text()
