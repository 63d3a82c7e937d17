"""What a move is about to do, written into git's folder before it begins, so that another process can undo it."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from mlops_ladder.git import git


@dataclass(frozen=True)
class Journal:
    """A move from `start` (a branch, or nothing where HEAD is detached) at the commit `head`, to the new `branch`.

    `goal` is a commit or tree with the files as they shall be. With `pick` the branch starts at `head`, and that commit
    is cherry-picked for people to resolve; else the branch starts at `goal`. `process` is who is at it."""

    process: int
    start: str
    head: str
    branch: str
    goal: str
    pick: str = ""


def alive(process: int) -> bool:
    """Whether a process is still there."""
    if os.name != "posix":
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def journal_path(repository: Path) -> Path:
    return repository / git(repository, "rev-parse", "--git-path", "mlops-ladder-climb.json").strip()


def read(path: Path) -> Journal:
    return Journal(**json.loads(path.read_text(encoding="utf-8")))


def write(path: Path, journal: Journal) -> None:
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(asdict(journal)), encoding="utf-8")
    draft.replace(path)
