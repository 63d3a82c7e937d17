"""What the project's history tells of the template's files."""

from pathlib import Path

from mlops_ladder.git import fields, git
from mlops_ladder.project import ANSWERS


def deleted_by_people(repository: Path, head: str, prefix: str, paths: list[str]) -> list[str]:
    """Those of the paths that a person deleted; a climb that deletes changes the answers in the same commit."""
    if not paths:
        return []
    names = [f":(top,literal){prefix}{path}" for path in paths]
    log = ["log", "-z", "--no-renames", "--diff-filter=D", "--name-only", "--format=commit:%H"]
    found: dict[str, str] = {}
    removal = ""
    for part in git(repository, *log, head, "--", *names).replace("\n", "\0").split("\0"):
        if part.startswith("commit:"):
            removal = part.removeprefix("commit:")
        elif part:
            found.setdefault(part.removeprefix(prefix), removal)
    climbs = {removal for removal in set(found.values()) if _changes_answers(repository, removal, prefix)}
    return [path for path in paths if found.get(path, "") not in climbs | {""}]


def _changes_answers(repository: Path, revision: str, prefix: str) -> bool:
    changed = git(repository, "diff-tree", "-r", "-z", "--no-commit-id", "--name-only", "--root", revision)
    return f"{prefix}{ANSWERS}" in fields(changed)
