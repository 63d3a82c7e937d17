"""The releases of this repository: git's tags that are versions."""

import subprocess
from pathlib import Path

from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).resolve().parents[1]


class GitError(Exception):
    """What git says is in the way."""


def git(*arguments: str) -> bytes:
    """What git prints about this repository."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        raise GitError(f"git {' '.join(arguments)}: {done.stderr.decode().strip()}")
    return done.stdout


def version(tag: str) -> Version | None:
    """The version that a tag names, if it names one."""
    try:
        return Version(tag)
    except InvalidVersion:
        return None


def releases() -> list[str]:
    """The tags that are versions, lowest first."""
    found = [(number, tag) for tag in git("tag").decode().split() if (number := version(tag))]
    return [tag for _, tag in sorted(found)]


def last_release() -> str | None:
    """The newest release but the one that HEAD is; a pre-release promises nothing."""
    here = git("tag", "--points-at", "HEAD").decode().split()
    final = [tag for tag in releases() if tag not in here and not Version(tag).is_prerelease]
    return final[-1] if final else None
