"""Who owns a file of a project: a seed belongs to its people from its first day, and no release changes its text."""

from collections.abc import Collection
from fnmatch import fnmatchcase
from pathlib import Path

# The template's own package; every other one in src/ is the people's.
MANAGED = "src/lifecycle/"


def seeds(levels: Path) -> tuple[str, ...]:
    """The patterns of the seeds in a template's folder levels/; a star stands for one part of a path."""
    return tuple((levels / "seeds.txt").read_text(encoding="utf-8").split())


def is_seed(path: str, patterns: Collection[str]) -> bool:
    """Whether a path, relative to the project's folder and with forward slashes, is a seed by these patterns."""
    return matches(path, patterns)


def matches(path: str, patterns: Collection[str]) -> bool:
    """Whether levels/ means a path by one of these patterns; a star in src/ stands for the people's package only."""
    return any(
        path.count("/") == pattern.count("/")
        and path.startswith(MANAGED) == pattern.startswith(MANAGED)
        and fnmatchcase(path, pattern)
        for pattern in patterns
    )
