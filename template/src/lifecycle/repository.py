"""The project's git repository: every command that is given to git goes through this module."""

import subprocess

from .project import Failure, root


def git(*arguments: str) -> str:
    """What git prints in the project's folder; raises Failure, with git's message, if it fails."""
    done = run(arguments)
    if done.returncode:
        message = done.stderr.decode(errors="replace").strip()
        raise Failure(f"`git {' '.join(arguments)}` failed: {message}")
    return done.stdout.decode(errors="replace").strip()


def try_git(*arguments: str) -> str | None:
    """What git prints in the project's folder; None if it fails or is not installed."""
    output = git_bytes(*arguments)
    return None if output is None else output.decode(errors="replace").strip()


def git_bytes(*arguments: str, stdin: bytes = b"") -> bytes | None:
    """What git prints, byte for byte; None if it fails or is not installed."""
    try:
        done = run(arguments, stdin)
    except Failure:
        return None
    return done.stdout if done.returncode == 0 else None


def run(arguments: tuple[str, ...], stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run git in the project's folder; raises Failure if git is not installed."""
    command = ["git", "-C", str(root()), *arguments]
    try:
        return subprocess.run(command, input=stdin, capture_output=True, check=False)
    except OSError as error:
        raise Failure(f"git cannot be run ({error}): install it, it must be on the PATH") from None


def exists() -> bool:
    """Whether the project is under git."""
    return try_git("rev-parse", "--git-dir") is not None


def head() -> str | None:
    """The commit that is checked out; None if there is none."""
    return try_git("rev-parse", "--verify", "--quiet", "HEAD")


def dirty() -> bool:
    """Whether tracked files were changed since the last commit, or nothing was committed."""
    return try_git("diff", "--quiet", "HEAD") is None


def tracked(path: str) -> bool:
    """Whether git tracks a file of the project."""
    return try_git("ls-files", "--error-unmatch", path) is not None


def content(commit: str, path: str) -> bytes | None:
    """A file of the project as a commit holds it; None if the commit does not hold it."""
    return git_bytes("show", f"{commit}:./{path}")


def person() -> str:
    """The person whom git knows, as `Name <address>`, or the part of it that is set."""
    name, address = try_git("config", "user.name"), try_git("config", "user.email")
    return " ".join(filter(None, [name, f"<{address}>" if address else ""]))
