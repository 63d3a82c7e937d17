"""Run every stage from the data to the registry: what changed is done again, the rest is kept.

The stages are the folders of pipeline/, one dvc.yaml each; add your own beside them. A stage that
fails stops the pipeline, and the next run goes on there.

Examples:
  {name} pipeline
  {name} pipeline --stage train
"""

import json
import logging
import os
import re
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import project, repository
from ..extensions import extends
from ..project import Failure, root
from ..repository import try_git

if TYPE_CHECKING:
    from dvc.repo import Repo
    from dvc.stage import PipelineStage


def pipeline(name: str | None = None) -> list[dict[str, Any]]:
    """Run all stages, or only the one of this name; returns the state of each and its seconds.

    States are `ran`, `unchanged`, `failed` (with the `status` that its command ended with, None if
    it never started) and `waiting`, for what comes behind. Raises Failure where nothing can run."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    forget_lost_model()
    try:
        with chdir(root()), stage_environment(), Repo() as repo:
            if repo.scm.no_commits:
                print("look: nothing is committed yet, so a model cannot name its code")
            stages = in_order(repo)
            chosen = [stage for stage in stages if name in (None, stage.name)]
            if not chosen:
                known = ", ".join(stage.name for stage in stages)
                raise Failure(f"pipeline/ has no stage {name!r}: there are {known}")
            return run_all(repo, chosen)
    except DvcException as error:
        hint = ": run `git init`, `git add --all`, `git commit`" if not repository.exists() else ""
        raise Failure(f"DVC cannot work here: {error}{hint}") from None


def forget_lost_model() -> None:
    """Let `train` run again if the version that it made was removed from models/."""
    made = root() / "reports" / "trained.json"
    try:
        version = json.loads(made.read_text(encoding="utf-8"))["version"]
    except (OSError, ValueError, KeyError):
        return
    if not (root() / "models" / version / "model.json").is_file():
        made.unlink()


@contextmanager
def stage_environment() -> Iterator[None]:
    """Stages find this Python, and print where this command prints; DVC itself is quiet."""
    logging.getLogger("dvc").setLevel(logging.ERROR)
    path, out = os.environ.get("PATH", ""), os.dup(1)
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{path}"
    os.dup2(sys.stdout.fileno(), 1)
    try:
        yield
    finally:
        os.dup2(out, 1)
        os.close(out)
        os.environ["PATH"] = path


def in_order(repo: "Repo") -> list["PipelineStage"]:
    """The stages that have a command, each behind those whose files it reads."""
    import networkx

    graph = repo.index.graph.reverse()
    ordered = networkx.lexicographical_topological_sort(graph, key=lambda stage: stage.addressing)
    return [stage for stage in ordered if stage.cmd]


def run_all(repo: "Repo", stages: list["PipelineStage"]) -> list[dict[str, Any]]:
    """Run stages one after the other until one fails."""
    done: list[dict[str, Any]] = []
    for number, stage in enumerate(stages, 1):
        print(f"[{number}/{len(stages)}] {stage.name}", flush=True)
        done.append(run_stage(repo, stage))
        if done[-1]["state"] == "failed":
            break
        print(f"      {done[-1]['state']}, {done[-1]['seconds']:.1f} s", flush=True)
    waiting = [{"stage": stage.name, "state": "waiting"} for stage in stages[len(done) :]]
    return done + waiting


def run_stage(repo: "Repo", stage: "PipelineStage") -> dict[str, Any]:
    """Run a stage if something changed that it depends on; raises Failure if it is being used."""
    from dvc.exceptions import ReproductionError
    from dvc.lock import LockError
    from dvc.stage.exceptions import StageCmdFailedError

    began = time.monotonic()
    entry: dict[str, Any] = {"stage": stage.name, "state": "unchanged"}
    try:
        if repo.reproduce(stage.addressing, single_item=True):
            entry["state"] = "ran"
    except (LockError, ReproductionError) as error:
        reason = error.__cause__ or error
        if isinstance(reason, LockError):
            raise Failure(
                "another pipeline is at work in this folder: wait until it has ended, "
                f"then run this one again\n{reason}"
            ) from None
        ended = re.search(r"exited with (-?\d+)$", str(reason))
        if not isinstance(reason, StageCmdFailedError):
            print(f"error: {reason}", file=sys.stderr)
        entry |= {"state": "failed", "status": int(ended[1]) if ended else None}
    return entry | {"seconds": round(time.monotonic() - began, 2)}


def verdict(stages: list[dict[str, Any]]) -> int:
    """Say how it ended; 1 if a stage found something against going on, 2 if it broke."""
    if failed := next((stage for stage in stages if stage["state"] == "failed"), None):
        status = failed["status"]
        ended = f"ended with {status}" if status is not None else "could not start"
        print(
            f"error: stopped at {failed['stage']}, which {ended}: the reason stands above; "
            f"`{project.name()} pipeline` goes on there",
            file=sys.stderr,
        )
        return 1 if status == 1 else 2
    if try_git("status", "--porcelain", "--", "pipeline", "conf"):
        print("Keep what was found: git add pipeline conf && git commit")
    return 0


@extends("command")
def command(parser: ArgumentParser) -> Callable[[Namespace], dict[str, Any]]:
    parser.add_argument("--stage", metavar="NAME", help="run only this stage")

    def run(arguments: Namespace) -> dict[str, Any]:
        from rich import print as show

        stages = pipeline(arguments.stage)
        show(project.table(stages))
        return {"stages": stages, "exit_code": verdict(stages)}

    return run
