"""A panel of another module stands on the pages that it wants to be on, and on no other."""

import re
from pathlib import Path

import pytest
from rich.console import Console

from lifecycle import pages, project
from lifecycle.cli import run
from tests.lifecycle.conftest import Write

# What a later level would show: of any page the version, and a picture of its own on that of the maturity.
PANEL = """
from rich.table import Table

from lifecycle.extensions import extends

@extends("panel", precedence={precedence})
def panel(page, facts):
    if page == "gate":
        shown = Table("who", "what")
        shown.add_row("{name}", facts["version"])
        yield shown
    if page in ("gate", "maturity"):
        yield "<section id={name}><svg></svg></section>"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PROJECT_ROOT", str(tmp_path))
    return tmp_path


def page(name: str, facts: object = None) -> str:
    """A page with a line and a picture."""
    with (project.root() / "printed").open("w") as nowhere:
        console = Console(record=True, width=80, file=nowhere)
        console.print("a line")
        path = pages.write_page(name, "Title", console, facts, "<svg id=own></svg>")
    assert path == project.root() / "reports" / f"{name}.html"
    return path.read_text(encoding="utf-8")


def test_panels_stand_on_the_pages_that_they_want_to_be_on(write: Write, folder: Path) -> None:
    write("late.py", PANEL.format(name="late", precedence=0))
    write("early.py", PANEL.format(name="early", precedence=10))
    gate = page("gate", {"version": "v7"})
    order = [r"a line", r"early.*v7", r"late.*v7", "id=own", "id=early", "id=late"]
    places = [re.search(text, gate) for text in order]
    assert None not in places
    assert [found.start() for found in places if found] == sorted(found.start() for found in places if found)
    assert "early" not in page("drift") and "late" not in page("drift")


def test_a_page_without_panels_is_as_it_was(folder: Path) -> None:
    assert page("gate").endswith("</pre><svg id=own></svg>")


def test_the_page_of_a_command_has_them_too(write: Write, workspace: Path) -> None:
    write("mine.py", PANEL.format(name="mine", precedence=0))
    assert run("maturity", ["--html", str(workspace / "somewhere.html")]) == 0
    assert "<section id=mine>" in (workspace / "somewhere.html").read_text(encoding="utf-8")


def test_every_page_is_written_by_the_function_that_asks_for_panels() -> None:
    for path in project.PACKAGE.rglob("*.py"):
        assert path.name == "pages.py" or "export_html" not in path.read_text(encoding="utf-8"), path
