"""Copy the data byte for byte to where DVC keeps its versions.

It is the first stage of the pipeline, so `dvc repro --all-pipelines` calls it: the hash in
pipeline/ingest/dvc.lock is the version of the data, the same that a training records.

Examples:
  {name} ingest data/ingested/table.parquet
  dvc repro --all-pipelines
"""

import shutil
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .. import repository
from ..extensions import extends
from ..maturity import Evidence
from ..project import Failure, data_path, md5, name, read_yaml, root

LOCK = "pipeline/ingest/dvc.lock"
REPRO = "uv run dvc repro --all-pipelines"


def ingest(source: Path, out: Path) -> str:
    """Copy a file whole or not at all; returns its version."""
    if source.suffix.lower() != out.suffix.lower():
        raise Failure(
            f"{source} cannot become {out.name}: give both the same ending, "
            "here and in pipeline/ingest/dvc.yaml"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_name(f".{out.name}.draft")
    try:
        shutil.copyfile(source, draft)
        version = md5(draft)
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)
    return version


def recorded() -> str | None:
    """The version in dvc.lock, if the stage was run."""
    if not (root() / LOCK).exists():
        return None
    return str(read_yaml(root() / LOCK)["stages"]["ingest"]["outs"][0]["md5"])


def holder(version: str) -> str | None:
    """The dvc.lock that has a version among what its stage made, if there is one."""
    for path in sorted(root().glob("pipeline/*/dvc.lock")):
        stages = read_yaml(path)["stages"].values()
        if version in [out.get("md5") for stage in stages for out in stage.get("outs", [])]:
            return path.relative_to(root()).as_posix()
    return None


@extends("evidence")
def evidence() -> Iterator[Evidence]:
    """D1: the version that the newest model learned from is in a committed dvc.lock."""
    from ..development import model

    version, models = recorded(), model.versions()
    learned = str(model.facts(models[-1])["data"]["md5"] if models else version)
    if version is None:
        yield Evidence("D1", "missing", "no version of the data is kept", REPRO)
    elif not (lock := holder(learned)):
        detail = f"{models[-1]} learned from version {learned[:8]}, kept is {version[:8]}"
        yield Evidence("D1", "missing", detail, f"{REPRO}, then {name()} train")
    elif not repository.tracked(lock):
        yield Evidence("D1", "missing", f"git does not know {lock}", f"git add {lock}")
    else:
        yield Evidence("D1", "proven", f"version {learned[:8]} of the data is kept")


@extends("command")
def command(parser: ArgumentParser) -> Callable[[Namespace], dict[str, Any]]:
    parser.add_argument("out", type=Path, help="where the copy goes, relative to the project")

    def run(arguments: Namespace) -> dict[str, Any]:
        source, out = data_path(), root() / arguments.out
        version = ingest(source, out)
        print(f"{source} is version {version}")
        return {"path": str(arguments.out), "source": str(source), "md5": version}

    return run
