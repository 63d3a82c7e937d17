"""A project while people live in it: its files in memory, where they moved, and the story of what was done."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import PurePosixPath
from typing import Any

from hypothesis import strategies as st

from mlops_ladder import ownership
from tests import ladder

Tree = Mapping[str, bytes]
ANSWERS = ".copier-answers.yml"
HASH = (".py", ".yml", ".yaml", ".toml", ".gitignore", ".dockerignore", ".dvcignore", "Dockerfile", "CODEOWNERS")


def is_seed(path: str) -> bool:
    """Whether the file is the user's from the first day."""
    return ownership.is_seed(path, _seeds())


@cache
def _seeds() -> tuple[str, ...]:
    return ownership.seeds(ladder.ROOT / "levels")


def is_text(content: bytes) -> bool:
    """Whether git would merge it line by line."""
    return b"\0" not in content[:8000]


@dataclass
class Life:
    """What stands in the project now; `born` and `goal` are what the template gave and will give."""

    draw: st.DrawFn
    born: Tree
    goal: Tree
    files: dict[str, bytes] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    story: list[str] = field(default_factory=list)
    count: int = 0

    def pick(self, wanted: Callable[[str], Any] = lambda path: True) -> str | None:
        """One of the project's own text files; half of the time one whose text the climb changes."""
        paths = [
            path for path, text in sorted(self.files.items()) if path != ANSWERS and is_text(text) and wanted(path)
        ]
        changing = [path for path in paths if self.goal.get(self.moved.get(path, path)) != self.files[path]]
        aimed = self.one([changing, paths]) if changing else paths
        return self.one(aimed) if aimed else None

    def one(self, choices: Iterable[Any]) -> Any:
        """One of several."""
        return self.draw(st.sampled_from(list(choices)))

    def place(self, lines: list[bytes]) -> int:
        """A gap between lines: the first, the last, or any."""
        return self.draw(st.one_of(st.just(0), st.just(len(lines)), st.integers(0, len(lines))))

    def line(self, path: str) -> bytes:
        """A line as a person would add it to this file, unlike any other."""
        self.count += 1
        mark = "# " if path.endswith(HASH) else ""
        return f"{mark}Ours, number {self.count}.\n".encode()

    def text(self, path: str) -> bytes:
        """A whole file of the user's, sound for its kind."""
        if path.endswith(".ipynb"):
            self.count += 1
            note = {"cells": [], "metadata": {"ours": self.count}, "nbformat": 4, "nbformat_minor": 5}
            return json.dumps(note, indent=1).encode() + b"\n"
        lines = [self.line(path) for _ in range(self.draw(st.integers(1, 12)))]
        return (b'"""Ours."""\n' if path.endswith(".py") else b"") + b"".join(lines)

    def lines(self, path: str) -> list[bytes]:
        """A file's lines with their endings."""
        return self.files[path].splitlines(keepends=True)

    def move(self, old: str, new: str) -> None:
        """Rename a file, and remember where the template knows it."""
        self.files[new] = self.files.pop(old)
        self.moved[new] = self.moved.pop(old, old)

    def copy(self, old: str, new: str) -> None:
        """Copy a file; if the first is deleted later, the copy is what became of it."""
        self.files[new] = self.files[old]
        self.moved[new] = self.moved.get(old, old)

    def remove(self, path: str) -> None:
        """Delete a file."""
        del self.files[path]
        self.moved.pop(path, None)

    def free(self, path: str) -> bool:
        """Whether a file can be made here: the path is nobody's, and no part of it is a file."""
        parents = {str(parent) for parent in PurePosixPath(path).parents}
        return path not in self.files and not parents & self.files.keys() and not self.folder(path)

    def folder(self, path: str) -> list[str]:
        """The files below a folder."""
        return [name for name in self.files if name.startswith(f"{path}/")]
