"""The climb as a three-way merge by git: a pure function of the project's HEAD and two renderings of the template.

The merge itself is `git cherry-pick` of one commit. What is special to a climb is settled before, in the two trees that
it is given: the answers file is the template's; what people deleted stays deleted; what they edited and the template
drops stays theirs."""

from dataclasses import dataclass
from pathlib import Path

from mlops_ladder.dialect import speak
from mlops_ladder.git import attempt, fields, git
from mlops_ladder.history import deleted_by_people
from mlops_ladder.project import ANSWERS
from mlops_ladder.refusal import Refusal
from mlops_ladder.trees import Tree, commit, listed, planted, stored

BOTH_CHANGED = "both sides changed the same or adjoining lines"
BOTH_BROUGHT = "both sides brought a file of this path"
REMOVED = "you removed or split this file, and the template changed it"
KINDS = {frozenset("123"): BOTH_CHANGED, frozenset("23"): BOTH_BROUGHT, frozenset("13"): REMOVED}


@dataclass(frozen=True)
class Conflict:
    """A file that git could not merge; `origin` is its path in the template (another one if you moved it)."""

    path: str
    why: str
    origin: str


@dataclass(frozen=True)
class Merge:
    """What came of a merge; paths are relative to the project's folder.

    `commit` is the merged commit, or None where there are conflicts; `pick` is the commit whose `git cherry-pick` onto
    `head` gives the same again. `kept` are files that the template drops and people edited, `absent` files that it
    brings and people had deleted, `touched` those of the changed files that people had edited or moved, `moved` says
    where people put the template's files."""

    head: str
    pick: str
    commit: str | None
    conflicts: tuple[Conflict, ...]
    added: tuple[str, ...]
    changed: tuple[str, ...]
    deleted: tuple[str, ...]
    kept: tuple[str, ...]
    absent: tuple[str, ...]
    touched: tuple[str, ...]
    moved: dict[str, str]


def merge(repository: Path, prefix: str, base: Path, theirs: Path, worktree: Path, message: str = "Climb") -> Merge:
    """Merge what the template changes from `base` to `theirs` into HEAD, in a new git worktree.

    Nothing but git's object store and its list of worktrees is touched. With conflicts, the worktree shows them as a
    cherry-pick leaves them. Raises Refusal where a file of the user's stands where a folder must come, or the reverse.
    """
    head = git(repository, "rev-parse", "HEAD").strip()
    ours = listed(repository, head, prefix)
    old, new = stored(repository, base), stored(repository, theirs)
    edited = {path for path in ours if path != ANSWERS and ours[path] != old.get(path)}
    moved, kept, absent = _settle(repository, head, prefix, ours, old, new)
    _check_room(ours, new)
    speak(repository, ours, old, new, moved)
    started = commit(repository, planted(repository, head, prefix, ours, old), "What the template gave")
    pick = commit(repository, planted(repository, head, prefix, ours, new), message, started)
    conflicts, paths = _pick(repository, prefix, head, pick, worktree, {there: here for here, there in moved.items()})
    done = None if conflicts else git(worktree, "rev-parse", "HEAD").strip()
    touched = tuple(path for path in paths["M"] if path in edited)
    return Merge(head, pick, done, conflicts, paths["A"], paths["M"], paths["D"], kept, absent, touched, moved)


def _settle(
    repository: Path, head: str, prefix: str, ours: Tree, old: Tree, new: Tree
) -> tuple[dict[str, str], tuple[str, ...], tuple[str, ...]]:
    """Change `old` and `new` so that an ordinary merge decides as a climb must.

    Returns what was moved, what is kept, and what stays absent."""
    if ANSWERS in ours:
        old[ANSWERS] = ours[ANSWERS]
    moved = _moved(repository, head, prefix, ours, old)
    for path in set(old) - set(ours) - set(moved):
        del old[path]
        new.pop(path, None)
    dropped = sorted(set(old) - set(new))
    kept = [path for path in dropped if path in moved or ours[path] != old[path]]
    new.update({path: old[path] for path in kept})
    absent = deleted_by_people(repository, head, prefix, sorted(set(new) - set(old) - set(ours)))
    for path in absent:
        del new[path]
    return moved, tuple(moved.get(path, path) for path in kept), tuple(absent)


def _moved(repository: Path, head: str, prefix: str, ours: Tree, old: Tree) -> dict[str, str]:
    """The template's files that people moved: old path -> new path."""
    if set(old) <= set(ours):
        return {}
    started = planted(repository, head, prefix, ours, old)
    renames = ("diff-tree", "-r", "-z", "-M", "--no-rename-empty", "--name-status", "--diff-filter=R")
    parts = iter(fields(git(repository, *renames, started, head)))
    return {here.removeprefix(prefix): next(parts).removeprefix(prefix) for _, here in zip(parts, parts, strict=False)}


def _check_room(ours: Tree, new: Tree) -> None:
    """Refuse where a file and a folder of one name meet."""
    folders = {parent.as_posix(): path for path in ours for parent in Path(path).parents}
    for path in sorted(set(new) - set(ours)):
        if path in folders:
            raise Refusal(
                f"The template brings the file {path}, where you have a folder ({folders[path]}); rename yours."
            )
        for parent in Path(path).parents:
            if parent.as_posix() in ours:
                raise Refusal(f"The template brings {path}, and {parent} is a file of yours; rename it.")


def _pick(
    repository: Path, prefix: str, head: str, pick: str, worktree: Path, origins: dict[str, str]
) -> tuple[tuple[Conflict, ...], dict[str, tuple[str, ...]]]:
    """Cherry-pick in a new worktree; returns the conflicts, and the added (A), changed (M) and deleted (D) paths."""
    # Large files need not be fetched to be merged.
    env = {"GIT_LFS_SKIP_SMUDGE": "1"}
    raw = ("-c", "core.autocrlf=false")
    git(repository, *raw, "worktree", "add", "--quiet", "--detach", str(worktree), head, env=env)
    picked = attempt(worktree, *raw, "cherry-pick", "--allow-empty", "--keep-redundant-commits", pick, env=env)
    stages: dict[str, set[str]] = {}
    for line in fields(git(worktree, "ls-files", "-u", "-z", "--full-name")):
        about, path = line.split("\t", 1)
        stages.setdefault(path.removeprefix(prefix), set()).add(about[-1])
    if picked.returncode and not stages:
        raise Refusal(f"git could not merge: {picked.stderr.strip()}")
    conflicts = [
        Conflict(path, KINDS.get(frozenset(found), "file and folder, or kinds of file, meet"), origins.get(path, path))
        for path, found in sorted(stages.items())
    ]
    parts = iter(fields(git(worktree, "diff-index", "--cached", "-z", "--no-renames", "--name-status", head)))
    paths: dict[str, list[str]] = {"A": [], "M": [], "D": []}
    for status, path in zip(parts, parts, strict=True):
        if path.removeprefix(prefix) not in stages:
            paths.setdefault("M" if status == "T" else status, []).append(path.removeprefix(prefix))
    return tuple(conflicts), {status: tuple(found) for status, found in paths.items()}
