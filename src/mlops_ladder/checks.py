"""What is looked at before a climb; whatever is amiss is a Refusal, and nothing has been touched."""

import difflib
import re
import shutil
import subprocess
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from mlops_ladder import ownership
from mlops_ladder.git import attempt, fields, git
from mlops_ladder.project import ANSWERS, Project
from mlops_ladder.refusal import Refusal

OLDEST_GIT = (2, 34)  # the first whose merges detect renames as ours count on
OLDEST_UV = (0, 8)  # the one that projects are built with
UNFINISHED = {
    "MERGE_HEAD": "git merge --abort",
    "CHERRY_PICK_HEAD": "git cherry-pick --abort",
    "REVERT_HEAD": "git revert --abort",
    "rebase-merge": "git rebase --abort",
    "rebase-apply": "git rebase --abort",
}


def some(paths: Iterable[str], limit: int = 8) -> str:
    """The first of some paths, and how many more there are."""
    names = sorted(paths)
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def tools() -> None:
    """git and uv, if it is there, are recent enough; the template says itself which Copier it needs."""
    if shutil.which("git") is None:
        raise Refusal("git is not installed; the climb is a merge by git.")
    _recent("git", ["git", "version"], OLDEST_GIT)
    if shutil.which("uv"):
        _recent("uv", ["uv", "--version"], OLDEST_UV)


def _recent(name: str, command: list[str], oldest: tuple[int, int]) -> None:
    output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    numbers = re.search(r"(\d+)\.(\d+)", output)
    if numbers and (int(numbers[1]), int(numbers[2])) < oldest:
        raise Refusal(f"{name} {numbers[0]} is too old; the climb needs {name} {oldest[0]}.{oldest[1]} or newer.")


def tree(project: Project) -> None:
    """The repository has a commit and an owner, nothing is unfinished or uncommitted, and no conflict was committed."""
    if attempt(project.repository, "rev-parse", "--verify", "--quiet", "HEAD").returncode:
        raise Refusal("The repository has no commit yet; commit everything, then climb.")
    for name, undo in UNFINISHED.items():
        if Path(project.repository, git(project.repository, "rev-parse", "--git-path", name).strip()).exists():
            raise Refusal(f"Something is unfinished in the repository ({name}); finish it, or undo it with `{undo}`.")
    changed = fields(
        git(project.repository, "status", "--porcelain", "-z", "-uno", "--no-renames", "--ignore-submodules=dirty")
    )
    if changed:
        raise Refusal(
            f"There are uncommitted changes ({some(line[3:] for line in changed)}); commit them, or `git stash`."
        )
    _answers_are_committed(project)
    _no_markers(project)
    for who in ("AUTHOR", "COMMITTER"):
        if attempt(project.repository, "var", f"GIT_{who}_IDENT").returncode:
            raise Refusal(
                'git does not know who you are; say `git config user.name "..."` and `git config user.email ...`'
            )


def _answers_are_committed(project: Project) -> None:
    if attempt(project.folder, "ls-files", "--error-unmatch", ANSWERS).returncode:
        raise Refusal(f"{ANSWERS} is not committed; `git add --force {ANSWERS}` and commit it.")


def _no_markers(project: Project) -> None:
    """Two markers of a conflict in one file mean that somebody committed it unresolved."""
    patterns = ("-E", "-e", "^<{7} ", "-e", "^>{7} ")
    where = f":(top,literal){project.prefix}" if project.prefix else ":(top)"
    found = attempt(project.repository, "grep", "-l", "-z", "-I", "--all-match", *patterns, "HEAD", "--", where).stdout
    if paths := [line.removeprefix("HEAD:") for line in fields(found)]:
        raise Refusal(f"Conflict markers were committed in {some(paths)}; resolve them and commit.")


def branch(project: Project, name: str) -> None:
    """The new branch has a sound name that is not taken."""
    if attempt(project.repository, "check-ref-format", "--branch", name).returncode:
        raise Refusal(f"{name} cannot be the name of a branch; give another with --branch.")
    if attempt(project.repository, "rev-parse", "--verify", "--quiet", f"refs/heads/{name}").returncode == 0:
        raise Refusal(
            f"There is a branch {name} already, perhaps of an earlier climb; "
            f"delete it with `git branch -D {name}`, or give another name with --branch."
        )


def names(changes: Mapping[str, Any], questions: Mapping[str, Mapping[str, Any]], version: str) -> None:
    """Every changed answer is to a question that this version asks."""
    asked = [name for name, question in questions.items() if question.get("when", True) is not False]
    for name in changes:
        if name not in asked:
            close = difflib.get_close_matches(name, asked, 1)
            hint = f"did you mean {close[0]}?" if close else f"it asks {', '.join(asked)}."
            raise Refusal(f"Version {version} of the template does not ask {name}; {hint}")


def seeds(changes: Mapping[str, Any], base: Path, theirs: Path, patterns: Collection[str]) -> None:
    """No changed answer would rewrite a file that belongs to the project from its birth on."""
    shaped = [path for path in owned(base, patterns) if _differs(base / path, theirs / path)]
    answers = sorted(set(changes) - {"level"})
    if answers and shaped:
        raise Refusal(
            f"A change of {', '.join(answers)} is work for a person: it would rewrite what is yours ({some(shaped)}). "
            "Change those files by hand; the recorded answer may stay as it is."
        )


def owned(folder: Path, patterns: Collection[str]) -> list[str]:
    """The seeds in a rendering."""
    found = {path.relative_to(folder).as_posix() for pattern in patterns for path in folder.glob(pattern)}
    return sorted(path for path in found if ownership.is_seed(path, patterns))


def _differs(one: Path, other: Path) -> bool:
    return other.is_file() and one.is_file() and one.read_bytes() != other.read_bytes()


def kept(paths: tuple[str, ...]) -> None:
    """No edited file would be left without the template behind it, unless that was asked for."""
    if paths:
        raise Refusal(
            f"This drops files that you edited: {some(paths)}. "
            "With --keep-edited they stay, as files of your own; else undo your edits first."
        )


def room(project: Project, added: tuple[str, ...]) -> None:
    """Nothing that git does not know stands where a file must come."""
    in_the_way = [path for path in added if _occupied(project.folder, path)]
    if in_the_way:
        raise Refusal(
            f"Files that git does not track are in the way: {some(in_the_way)}. "
            "Move them away, or commit them (`git add --force`) to have them merged."
        )


def _occupied(folder: Path, path: str) -> bool:
    """Whether the path, or a file where one of its folders must be, is there."""
    place = folder / path
    parents = (folder / parent for parent in Path(path).parents)
    return place.exists() or place.is_symlink() or any(p.is_file() or p.is_symlink() for p in parents if p != folder)
