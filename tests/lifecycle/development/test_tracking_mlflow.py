"""The training is read back through the tracker's own client."""

from pathlib import Path

import mlflow
import pandas as pd
import pytest

from lifecycle import project
from lifecycle.development.model import Model
from lifecycle.development.tracking import mlflow_connection, mlflow_database, recording, tracker


@pytest.fixture
def run(trained: Model) -> mlflow.entities.Run:
    """The run of the training, as MLflow's client sees it."""
    address = f"sqlite:///{(project.root() / 'mlflow.db').as_posix()}"
    # MLflow keeps the address in the environment, where the project would take it for a server.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", address)
        mlflow.set_tracking_uri(address)
    found = mlflow.search_runs(
        experiment_names=[project.name()],
        filter_string=f"tags.version = '{trained.version}'",
        output_format="list",
    )
    assert len(found) == 1
    return found[0]


def test_the_run_names_results_settings_data_and_code(trained: Model, run: mlflow.entities.Run) -> None:
    facts = trained.facts
    rule = {f"baseline_{metric}": value for metric, value in facts["baseline"].items()}
    assert run.data.metrics == pytest.approx(facts["metrics"] | rule)
    assert run.data.params["seed"] == str(facts["params"]["seed"])
    assert run.data.tags["data_md5"] == project.md5(project.data_path())
    assert run.data.tags["commit"] == (facts["commit"] or "")
    assert run.info.artifact_uri.startswith((project.root() / "mlruns").resolve().as_uri())
    kept = mlflow.MlflowClient().list_artifacts(run.info.run_id)
    names = {item.path for item in kept}
    assert names >= {"model.json", "environment.txt", "figures", "training.html"}


def test_the_recorded_model_predicts_the_same(trained: Model, rows: pd.DataFrame, run: mlflow.entities.Run) -> None:
    assert run.outputs
    recorded = mlflow.pyfunc.load_model(f"models:/{run.outputs.model_outputs[0].model_id}")
    pd.testing.assert_frame_equal(recorded.predict(rows), trained.predict(rows))


def test_an_absent_server_is_reported_before_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.raises(project.Failure, match="MLFLOW_TRACKING_URI"):
        tracker().check()
    assert [item.state for item in recording.evidence()] == ["unseen"]


def test_an_experiment_that_was_made_meanwhile_is_taken(
    trained: Model, run: mlflow.entities.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = mlflow.get_experiment_by_name
    answers = iter([None])  # it is not there yet when it is looked for
    monkeypatch.setattr(mlflow, "get_experiment_by_name", lambda name: next(answers, ask(name)))
    assert mlflow_connection.experiment(mlflow) == run.info.experiment_id


def test_a_database_that_cannot_be_made_is_reported_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(project.Failure, match="cannot be made"):
        mlflow_database.writable(tmp_path / "nowhere" / "mlflow.db")
    monkeypatch.setenv("PROJECT_ROOT", str(tmp_path))
    tracker().check()
    assert list(tmp_path.iterdir()) == []

    def fail(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(mlflow_database, "write_atomically", fail)
    with pytest.raises(project.Failure, match="the disk is full"), mlflow_connection.connected():
        pass
    assert list(tmp_path.iterdir()) == []


def test_the_scorecard_sees_the_run_and_misses_a_deleted_one(run: mlflow.entities.Run) -> None:
    client = mlflow.MlflowClient()
    assert [item.state for item in recording.evidence()] == ["proven"]
    others = [other["id"] for other in tracker().runs(100)]
    try:
        for one in others:
            client.delete_run(one)
        assert [item.state for item in recording.evidence()] == ["missing"]
    finally:
        for one in others:
            client.restore_run(one)
