"""The field's words: those that only this project used stay out of names and texts."""

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ladder

FOLDERS = ("template", "src", "docs", "levels", "tests", "benchmarks")
# Decisions are history, and this file names the words.
NOT_READ = ("docs/decisions/", "tests/test_words.py", "tests/golden/")
# What stays out of every line, and the word of the field.
ANYWHERE = {
    r"chances": "probabilities",
    r"rivals?": "challenger",
    r"crew": "executor, workers",
    r"errands?": "jobs",
    r"exams?": "validation, folds",
    r"simple[ _]rules?": "baseline",
}
# What is no name of a function, a variable or a module: words between underscores.
NAMES = {r"said|told": "y_pred, probabilities, message, reported", r"paper": "plan, record"}
# `moved` is right for a file, wrong for a distribution.
DRIFT = {r"moved": "drifted"}


def files() -> list[str]:
    """The paths of the repository's texts that are held to the words."""
    listed = ladder.git(ladder.ROOT, "ls-files", "--cached", "--others", "--exclude-standard", *FOLDERS).splitlines()
    return [path for path in listed if not path.startswith(NOT_READ) and (ladder.ROOT / path).is_file()]


def names(text: str) -> Iterator[tuple[int, str]]:
    """The names of a Python text with their lines."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME:
            yield token.start[0], token.string


def hits(path: str, text: str) -> list[str]:
    """Each old word in a file, as file:line, with what to write instead."""
    lines = list(enumerate(text.splitlines(), 1))
    drift = "drift" in Path(path).name and not path.startswith("src/")
    wanted = [(lines, rf"(?<![a-z]){old}(?![a-z])", new) for old, new in (ANYWHERE | (DRIFT if drift else {})).items()]
    read = [(0, Path(path).stem), *(names(text) if path.endswith(".py") else ())]
    wanted += [(read, rf"(?<![a-z])({old})(?![a-z])", new) for old, new in NAMES.items()]
    return [
        f"{path}:{line}: {found.group(0)!r}, better {new}"
        for where, old, new in wanted
        for line, written in where
        for found in re.finditer(old, written, re.I)
    ]


def test_the_old_words_are_gone() -> None:
    found: list[str] = []
    for path in files():
        try:
            text = (ladder.ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += hits(path, text)
    assert found == [], "\n".join(found)


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("template/a.py", '"""Beside\na simple rule."""\n', 2),
        ("template/a.py", "\nbest_chances = 1\n", 2),
        ("template/a.py", "def what_is_told(): ...\n", 1),
        ("template/paper.py", "", 0),
        ("template/monitoring/drift.py", "# moved features\n", 1),
    ],
)
def test_an_old_word_is_shown_with_its_place(path: str, text: str, line: int) -> None:
    assert [hit.split(": ")[0] for hit in hits(path, text)] == [f"{path}:{line}"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("template/a.py", '"""What was said on paper."""\n'),
        ("src/mlops_ladder/move.py", "moved = 1\n"),
        ("docs/a.md", "An example of a prime example.\n"),
    ],
)
def test_a_right_word_is_left_alone(path: str, text: str) -> None:
    assert hits(path, text) == []
