"""Make a version of the model again, from its commit, data and locked packages, and compare.

It happens in a folder of its own; the project is not touched, and nothing is sent to a tracker.
Every prediction on the whole table, and every metric, must be the same to the last bit: exit
code 1 says that they are not.

Examples:
  {name} reproduce
  {name} reproduce VERSION
"""

import json
import os
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import zip_longest
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import Any

from ..extensions import extends
from ..project import Failure, data_path, md5, root
from ..repository import git, try_git
from . import fingerprint, registry
from .lineage import kept

# What of a model's facts must be found again, in the order in which a difference is told.
SAME = ("params", "schema", "labels", "metrics", "baseline")
OWN = ("VIRTUAL_ENV", "PROJECT_ROOT", "DATA_PATH", "MLFLOW_", "WANDB_")


def reproduce(version: str | None) -> dict[str, Any]:
    """Train again what a version was trained from; returns what differs."""
    from . import model

    version = version or model.latest()
    registry.fetch(version)
    facts = model.facts(version)
    if not facts.get("commit") or facts.get("dirty", True):
        raise Failure(f"{version} was made from code that no commit holds: it cannot be made again")
    with TemporaryDirectory() as scratch, checkout(facts["commit"], Path(scratch) / "code") as code:
        table = find(facts["data"]["md5"], Path(scratch))
        print("installing the packages of its uv.lock")
        work(code, os.environ.get("UV", "uv"), "sync", "--locked", "--quiet")
        print(f"training on {table}")
        again = json.loads(project(code, "train", "--data", str(table), "--json"))
        copytree(fingerprint.folder(version), code / "models" / version)
        print("comparing the predictions")
        scored = [Path(scratch) / f"{which}.parquet" for which in (version, "again")]
        for which, out in zip((version, again["version"]), scored, strict=True):
            project(code, "predict", str(table), str(out), "--version", which)
        rows, other = differences(*scored)
    different = [fact for fact in SAME if facts[fact] != again[fact]]
    return {"version": version, "rows": rows, "different_rows": other, "different": different}


@contextmanager
def checkout(commit: str, folder: Path) -> Iterator[Path]:
    """The project as it was in a commit, for a while."""
    try:
        git("worktree", "add", "--quiet", "--detach", str(folder), commit)
    except Failure as failure:
        raise Failure(f"commit {commit} cannot be checked out: {failure}") from None
    try:
        yield folder / git("rev-parse", "--show-prefix")
    finally:
        try_git("worktree", "remove", "--force", str(folder))


def find(wanted: str, scratch: Path) -> Path:
    """A table of this version: one that is here, or what DVC keeps."""
    with suppress(Failure):
        if md5(data_path()) == wanted:
            return data_path().resolve()
    for path in (root() / "data").glob("*/table.*"):
        if md5(path) == wanted:
            return path.resolve()
    if not (place := kept(wanted)):
        raise Failure(f"version {wanted} of the data is neither here nor kept by a commit")
    out = scratch / Path(place["path"]).name
    print(f"fetching version {wanted} of the data")
    work(
        root(),
        *(sys.executable, "-m", "dvc", "get", "--quiet", "--rev", place["commit"]),
        *("--out", str(out), ".", place["path"]),
    )
    return out


def project(code: Path, *arguments: str) -> str:
    """A command of the project as it was then, in its own environment."""
    python = code / ".venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    return work(code, str(python), "-m", "lifecycle.cli", *arguments)


def work(folder: Path, *command: str) -> str:
    """Run a command away from this environment and from every server; returns what it prints."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(OWN)}
    env = kept | {"WANDB_MODE": "offline", "PYTHONIOENCODING": "utf-8"}
    try:
        done = subprocess.run(
            command, cwd=folder, env=env, capture_output=True, text=True, encoding="utf-8"
        )
    except OSError as error:
        raise Failure(f"{command[0]} cannot be run: {error}") from None
    if done.returncode:
        raise Failure(f"{' '.join(command)} failed: {done.stderr.strip()[-2000:]}")
    return done.stdout


def differences(one: Path, other: Path) -> tuple[int, int]:
    """How many rows were scored, and how many of them not to the last bit alike."""
    import pandas as pd

    from ..data import table

    rows = different = 0
    pairs = zip_longest(table.batches(one), table.batches(other), fillvalue=pd.DataFrame())
    for a, b in pairs:
        most = max(len(a), len(b))
        rows += most
        if a.shape != b.shape or list(a) != list(b):
            different += most
        else:
            different += int((~((a == b) | (a.isna() & b.isna())).all(axis=1)).sum())
    return rows, different


@extends("command")
def command(parser: ArgumentParser) -> Callable[[Namespace], dict[str, Any]]:
    parser.add_argument("version", nargs="?", metavar="VERSION", help="default: the newest")

    def run(arguments: Namespace) -> dict[str, Any]:
        found = reproduce(arguments.version)
        wrong = bool(found["different"] or found["different_rows"])
        print(f"{found['version']} {'is another model' if wrong else 'is the same model again'}:")
        print(f"{found['different_rows']} of {found['rows']} predictions differ")
        for fact in found["different"]:
            print(f"{fact} differ: what the commit holds is not all that the training used")
        return found | {"exit_code": int(wrong)}

    return run
