"""The registry: every version with its files and where it comes from, kept by MLflow.

It is MLflow's whatever the tracker: mlflow.db of this project, or the server that
MLFLOW_TRACKING_URI names. The files are an artifact of the version's run; the tags say the rest."""

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from ..extensions import extends
from ..maturity import Evidence
from ..project import Failure, name, root
from .fingerprint import folder, hashed
from .registry_entry import Entry, entry, tags_of
from .tracking.mlflow_connection import IMPATIENT, connected, database, experiment, server

FILES = "registered"  # the folder of a run's artifacts
PATIENCE = 5.0  # seconds that another process may hold mlflow.db


@contextmanager
def opened() -> Iterator[Any]:
    """MLflow, if it answers within seconds; raises Failure if it does not, or is locked."""
    if not server() and database().exists():
        try:
            with closing(sqlite3.connect(database(), PATIENCE, isolation_level=None)) as file:
                file.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise Failure(
                f"{database().name} cannot be used ({error}): wait until the other process is done"
            ) from None
    with connected(**IMPATIENT) as mlflow:
        experiment(mlflow)
    with connected(MLFLOW_HTTP_REQUEST_MAX_RETRIES="2") as mlflow:
        yield mlflow


def register(version: str, who: str) -> Entry:
    """Keep a version's files and facts; again, it only brings back what is missing."""
    from . import model

    if not (folder(version) / "model.json").is_file():
        raise Failure(f"models/{version} is not here: register it where it was trained")
    tags = tags_of(model.facts(version), who)
    with opened() as mlflow:
        client = mlflow.MlflowClient()
        known = find(client, version)
        if known and known.sha256 != tags["model_sha256"]:
            raise Failure(f"models/{version} is not the model that is registered under this name")
        if known and whole(client, known):
            return known
        run = known.run if known else training_run(mlflow, version)
        client.log_artifacts(run, str(folder(version)), FILES)
        if known:
            return known
        name_the_model(mlflow)
        source = f"{client.get_run(run).info.artifact_uri}/{FILES}"
        client.create_model_version(name(), source, run, tags=tags)
        made = find(client, version)
    assert made is not None
    return made


def training_run(mlflow: Any, version: str) -> str:
    """The run that recorded the training, or a new one where another tracker has that."""
    place, client = experiment(mlflow), mlflow.MlflowClient()
    wanted = f"tags.version = '{version}'"
    if found := client.search_runs([place], wanted, order_by=["attributes.start_time"]):
        return str(found[0].info.run_id)
    run = client.create_run(place, tags={"version": version}, run_name=version)
    client.set_terminated(run.info.run_id)
    return str(run.info.run_id)


def name_the_model(mlflow: Any) -> None:
    """Make the registered model of this project, if this is its first version."""
    try:
        mlflow.MlflowClient().create_registered_model(name())
    except mlflow.MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def find(client: Any, version: str) -> Entry | None:
    """What is registered as a version."""
    found = client.search_model_versions(f"name = '{name()}' and tags.version = '{version}'")
    return entry(found[0]) if found else None


def whole(client: Any, known: Entry) -> bool:
    """Whether the files of a version are still there."""
    return f"{FILES}/model.json" in [file.path for file in client.list_artifacts(known.run, FILES)]


def required(version: str) -> Entry:
    """What is registered as a version; raises Failure if nothing is."""
    with opened() as mlflow:
        found = find(mlflow.MlflowClient(), version)
    if not found:
        raise Failure(f"{version} is not registered: `{name()} models register {version}`")
    return found


def entries() -> list[tuple[Entry, bool]]:
    """Every registered version, newest first, and whether its files are still there."""
    with opened() as mlflow:
        client = mlflow.MlflowClient()
        found = [entry(each) for each in client.search_model_versions(f"name = '{name()}'")]
        found.sort(key=lambda each: each.version, reverse=True)
        return [(each, whole(client, each)) for each in found]


def fetch(version: str) -> Path:
    """Bring a version's files back to models/, all of them or none, if they are not there."""
    from . import model

    if folder(version).is_dir():
        return folder(version)
    kept = required(version)
    draft = root() / "models" / f".{version}.{os.getpid()}"
    draft.mkdir(parents=True)
    try:
        with opened() as mlflow:
            if not whole(mlflow.MlflowClient(), kept):
                raise Failure(f"the registry lost the files of {version}: {lost(version)}")
            made = mlflow.artifacts.download_artifacts(kept.source, dst_path=str(draft))
        if hashed(Path(made)) != kept.sha256:
            raise Failure(f"the files of {version} in the registry were altered: {lost(version)}")
        model.verify(Path(made))
        return Path(made).rename(folder(version))
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def lost(version: str) -> str:
    """What to do when the registry does not have the files."""
    return f"`{name()} models register {version}` where models/{version} still is brings them back"


def point(alias: str, version: str | None) -> None:
    """Let an alias of the registered model name a version, or nothing."""
    number = required(version).number if version else None
    with opened() as mlflow:
        client = mlflow.MlflowClient()
        if number:
            client.set_registered_model_alias(name(), alias, number)
        elif client.search_registered_models(f"name = '{name()}'"):
            client.delete_registered_model_alias(name(), alias)


def registered() -> dict[str, Any]:
    """What the last registration wrote down: version, number, run, model_sha256 and so on."""
    path = root() / "reports" / "registered.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


@extends("evidence")
def evidence() -> Iterator[Evidence]:
    """M2b: the newest registered version can be traced to a clean commit and to its data."""
    last = registered()
    if not last:
        yield Evidence("M2b", "missing", "no version is registered", f"{name()} models register")
    elif not last["commit"] or last["dirty"] == "true" or not last["lock_sha256"]:
        detail = f"{last['version']} comes from code or packages that no commit holds"
        yield Evidence("M2b", "missing", detail, f"git commit, then {name()} train")
    else:
        detail = f"{last['version']} is registered with its data, commit and packages"
        yield Evidence("M2b", "proven", detail)
