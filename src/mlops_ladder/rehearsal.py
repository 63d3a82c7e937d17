"""The climb, done in a throw-away worktree: what would come, what would conflict, what it would install."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mlops_ladder import advice, checks, levels, merged, ownership, packages
from mlops_ladder.git import attempt, git
from mlops_ladder.journal import alive
from mlops_ladder.levels import Capability
from mlops_ladder.merge import Merge, merge
from mlops_ladder.packages import Weight
from mlops_ladder.project import Project
from mlops_ladder.render import render

SCRATCH = "mlops-ladder-"
OWNER = "repository"


@dataclass(frozen=True)
class Rehearsal:
    """A rehearsed climb.

    `goal` is the commit, or the tree with conflicts, that the project's tree shall become; `differs` are the
    capabilities with files that come or go; `lock` says why uv.lock could not be brought up to date."""

    merge: Merge
    goal: str
    broken: tuple[str, ...]
    weight: Weight
    lock: str
    capabilities: tuple[Capability, ...]
    differs: frozenset[str]
    seeds: tuple[str, ...]


@contextmanager
def scratch(repository: Path) -> Iterator[Path]:
    """A folder for renderings and the worktree; those that killed climbs left behind are removed too."""
    _tidy(repository)
    folder = Path(tempfile.mkdtemp(prefix=f"{SCRATCH}{os.getpid()}-")).resolve()
    (folder / OWNER).write_text(str(repository), encoding="utf-8")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        attempt(repository, "worktree", "prune")


def _tidy(repository: Path) -> None:
    """Remove what climbs of this repository left behind whose process is gone."""
    for folder in Path(tempfile.gettempdir()).glob(f"{SCRATCH}*"):
        process, note = folder.name.removeprefix(SCRATCH).partition("-")[0], folder / OWNER
        mine = note.is_file() and note.read_text(encoding="utf-8") == str(repository)
        if mine and process.isdigit() and not alive(int(process)):
            shutil.rmtree(folder, ignore_errors=True)
    git(repository, "worktree", "prune")


def rehearse(
    project: Project,
    template: Path,
    version: str,
    changes: Mapping[str, Any],
    folder: Path,
    message: str,
    keep_edited: bool,
) -> Rehearsal:
    """Render, merge, lock and parse in `folder`; the project's own tree is only read."""
    listed = (template / "levels" / "seeds.txt").is_file()  # a small template may have none
    seeds = ownership.seeds(template / "levels") if listed else ()
    # The new answers first: they are what may be wrong.
    theirs = render(project.source, version, project.answers, folder / "theirs", changes)
    base = render(project.source, project.version, project.answers, folder / "base")
    checks.seeds(changes, base, theirs, seeds)
    worktree = folder / "worktree"
    found = merge(project.repository, project.prefix, base, theirs, worktree, message)
    if not keep_edited:
        checks.kept(found.kept)
    checks.room(project, found.added)
    here = worktree / project.prefix
    conflicting = "" if found.commit else _as_it_stands(worktree, folder / "index")
    weight, lock = _install(project, found, here, folder / "before")
    if found.commit:
        found = replace(found, commit=git(worktree, "rev-parse", "HEAD").strip())
    conflicted = {conflict.path for conflict in found.conflicts}
    paths = {*found.added, *found.changed} - conflicted
    before = merged.problems(project.folder, paths)
    broken = [problem for problem in merged.problems(here, paths) if problem not in before]
    capabilities = tuple(levels.read(template / "levels"))
    other = _files(theirs) ^ _files(base)
    return Rehearsal(
        merge=found,
        goal=found.commit or conflicting,
        broken=tuple(broken),
        weight=weight,
        lock=lock,
        capabilities=capabilities,
        differs=frozenset(c.id for c in capabilities if any(advice.claims(c, path) for path in other)),
        seeds=seeds,
    )


def _install(project: Project, found: Merge, here: Path, before: Path) -> tuple[Weight, str]:
    """Bring uv.lock up to date, and weigh what is new; says in the second place why it could not, if it is tracked."""
    if any(conflict.path == "pyproject.toml" for conflict in found.conflicts):
        return Weight({}, reason="pyproject.toml has a conflict"), ""
    tracked = _tracked_lock(project)
    name = tracked or "uv.lock"
    if not tracked and (project.folder / name).is_file():
        shutil.copyfile(project.folder / name, here / name)
    old = packages.locked(project.folder) if (project.folder / name).is_file() else _locked_anew(project, before)
    if problem := packages.lock(here):
        return Weight({}, reason=problem), problem if tracked else ""
    weight = packages.weigh(here / name, packages.locked(here) - old)
    if tracked and found.commit:
        git(here, "add", "--force", "--", name)
        git(here, "commit", "--quiet", "--amend", "--no-edit", "--no-verify")
    return weight, ""


def _tracked_lock(project: Project) -> str:
    """The tracked uv.lock of the project, or of the workspace around it, as a path from the project's folder."""
    for depth in range(project.prefix.count("/") + 1):
        name = "../" * depth + "uv.lock"
        if attempt(project.folder, "ls-files", "--error-unmatch", "--", name).returncode == 0:
            return name
    return ""


def _locked_anew(project: Project, folder: Path) -> set[tuple[str, str]]:
    """What a project without a lock file would have installed before the climb."""
    folder.mkdir()
    if (project.folder / "pyproject.toml").is_file():
        shutil.copyfile(project.folder / "pyproject.toml", folder / "pyproject.toml")
    return set() if packages.lock(folder) else packages.locked(folder)


def _as_it_stands(worktree: Path, index: Path) -> str:
    """The tree of a worktree as it is, conflict markers included."""
    env = {"GIT_INDEX_FILE": str(index)}
    git(worktree, "read-tree", "HEAD", env=env)
    git(worktree, "-c", "core.autocrlf=false", "add", "--all", "--force", env=env)
    return git(worktree, "write-tree", env=env).strip()


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
