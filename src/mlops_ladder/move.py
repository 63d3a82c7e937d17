"""The only part that touches the user's tree: it moves the tree to the climb's branch, or puts it back as it was.

A journal in git's folder says what is being done. The move runs in a session of its own, so that killing the command
does not cut it; if the machine stops, the next climb reads the journal and puts the tree back."""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from mlops_ladder.git import attempt, environment, fields, git
from mlops_ladder.journal import Journal, alive, journal_path, read, write
from mlops_ladder.refusal import Refusal

PATIENCE = 60  # seconds for a move that goes on after its command was killed


def prepare(repository: Path, head: str, branch: str, goal: str, pick: str = "") -> Journal:
    """A move from where the tree stands now."""
    return Journal(os.getpid(), _standing(repository), head, branch, goal, pick)


def move(repository: Path, journal: Journal) -> None:
    """Move the tree, in a process that outlives this one; raises Refusal, with the tree as it was, if git cannot."""
    path = journal_path(repository)
    write(path, journal)
    here = str(Path(__file__).parents[1])
    paths = os.pathsep.join(part for part in (here, os.environ.get("PYTHONPATH", "")) if part)
    command = [sys.executable, "-m", "mlops_ladder.move", str(repository), str(path)]
    with tempfile.TemporaryFile("w+") as errors:
        mover = subprocess.Popen(
            command, env=environment(PYTHONPATH=paths), stdin=subprocess.DEVNULL, stderr=errors, start_new_session=True
        )
        while mover.poll() is None:
            with suppress(KeyboardInterrupt):  # too late: the move takes no longer than giving it up
                mover.wait()
        errors.seek(0)
        if mover.returncode:
            raise Refusal(f"git could not move the tree; it is as it was. {errors.read().strip()}")


def perform(repository: Path, path: Path) -> int:
    """Do what a journal says, and remove it."""
    journal = replace(read(path), process=os.getpid())
    write(path, journal)
    start = journal.head if journal.pick else journal.goal
    done = attempt(repository, "switch", "--quiet", "--no-track", "--no-overwrite-ignore", "-c", journal.branch, start)
    if done.returncode == 0 and journal.pick:
        done = attempt(repository, "cherry-pick", journal.pick)
    failed = not _finished(repository, journal)
    if failed:
        sys.stderr.write(done.stderr)
        _restore(repository, journal)
    path.unlink()
    return int(failed)


def recover(repository: Path) -> str:
    """Put a tree back that an interrupted climb left half moved; returns what was done, or nothing."""
    path = journal_path(repository)
    for _ in range(PATIENCE * 10):
        if not path.exists():
            return ""
        journal = read(path)
        if not alive(journal.process):
            break
        time.sleep(0.1)
    else:
        raise Refusal(
            f"Another climb is under way in this repository (process {journal.process}); wait for it. "
            f"If there is none, delete {path}."
        )
    done = ""
    if _begun(repository, journal) and not _finished(repository, journal):
        _check_nothing_new(repository, journal, path)
        _lock(repository).unlink(missing_ok=True)
        _restore(repository, journal)
        done = f"An earlier climb ({journal.branch}) was interrupted; the tree was put back as it was before."
    path.unlink()
    return done


def _head(repository: Path) -> str:
    return git(repository, "rev-parse", "HEAD").strip()


def _standing(repository: Path) -> str:
    """The branch on which HEAD stands, or nothing."""
    return attempt(repository, "symbolic-ref", "--quiet", "--short", "HEAD").stdout.strip()


def _finished(repository: Path, journal: Journal) -> bool:
    """git moves HEAD last, and writes the unmerged index after the files."""
    if journal.pick:
        return bool(attempt(repository, "ls-files", "-u").stdout)
    return _standing(repository) == journal.branch and _head(repository) == journal.goal


def _begun(repository: Path, journal: Journal) -> bool:
    """Whether files or the branch were already touched; where HEAD went elsewhere since, people have gone on."""
    if _head(repository) != journal.head or _standing(repository) not in (journal.start, journal.branch):
        return False
    if _standing(repository) == journal.branch or _lock(repository).exists():
        return True
    written = ("diff-tree", "-r", "-z", "--no-renames", "--name-only", "--diff-filter=AM", journal.head, journal.goal)
    gone = fields(git(repository, "ls-files", "-z", "--deleted"))
    return bool(gone) or any(_ours(repository, name, journal) for name in fields(git(repository, *written)))


def _lock(repository: Path) -> Path:
    return repository / git(repository, "rev-parse", "--git-path", "index.lock").strip()


def _check_nothing_new(repository: Path, journal: Journal, path: Path) -> None:
    """Refuse to put back a tree in which somebody has worked since."""
    attempt(repository, "update-index", "-q", "--refresh")
    changed = fields(git(repository, "diff-index", "-z", "--no-renames", "--name-only", journal.head))
    names = [name for name in changed if (repository / name).exists() and not _ours(repository, name, journal)]
    if names:
        raise Refusal(
            f"An earlier climb was interrupted, and these files were changed since: {', '.join(names)}. Save them "
            f"elsewhere, run `git reset --hard {journal.head}`, delete {path}, and climb again."
        )


def _restore(repository: Path, journal: Journal) -> None:
    """Undo a move that was not finished: nothing was uncommitted, so the files of `head` are all there was."""
    brought = ("diff-tree", "-r", "-z", "--no-renames", "--name-only", "--diff-filter=A", journal.head, journal.goal)
    for name in fields(git(repository, *brought)):
        if _ours(repository, name, journal):
            (repository / name).unlink()
            _prune(repository, repository / name)
    git(repository, "reset", "--quiet", "--hard", journal.head)
    back = [journal.start] if journal.start else ["--detach", journal.head]
    git(repository, "switch", "--quiet", *back)
    left = attempt(repository, "rev-parse", "--verify", "--quiet", f"refs/heads/{journal.branch}").stdout.strip()
    if left in (journal.head, journal.goal):
        git(repository, "branch", "--quiet", "-D", journal.branch)


def _ours(repository: Path, name: str, journal: Journal) -> bool:
    """Whether a file is what the move was writing: its whole text, or the beginning of it."""
    path = repository / name
    blob = attempt(repository, "rev-parse", "--verify", "--quiet", f"{journal.goal}:{name}").stdout.strip()
    if not blob or not path.is_file():
        return False
    if attempt(repository, "hash-object", "--", name).stdout.strip() == blob:
        return True
    whole = attempt(repository, "cat-file", "blob", blob).stdout.encode("utf-8", "surrogateescape")
    return whole.startswith(path.read_bytes())


def _prune(repository: Path, path: Path) -> None:
    """Remove the folders that became empty."""
    for folder in path.parents:
        if folder == repository or not folder.is_dir() or any(folder.iterdir()):
            return
        folder.rmdir()


if __name__ == "__main__":
    try:
        sys.exit(perform(Path(sys.argv[1]), Path(sys.argv[2])))
    except Refusal as refusal:  # the journal stays, and the next climb puts the tree back
        sys.exit(str(refusal))
