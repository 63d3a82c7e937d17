"""The pages that people read, in reports/: each is one file that needs no other.

A module adds to a page by

    @extends("panel")
    def panel(page: str, facts: Any) -> Iterable[str | rich.console.RenderableType]

which is called whenever a page is written, with the page's name (`training`, `gate`, `drift` and so
on: its file in reports/ is called like that) and with what the page shows, as the command returns
it with --json. A text among what it yields is taken as HTML and stands at the end of the page; what
rich can print stands before the pictures. Nothing is added to a page for which it yields nothing.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .extensions import extensions
from .project import root, write_atomically

if TYPE_CHECKING:
    from rich.console import Console

SHELL = (
    "<!DOCTYPE html><meta charset=utf-8><title>{title}</title>"
    "<body style='font-family:sans-serif;margin:2rem'><h1>{title}</h1>"
    "<pre style='overflow-x:auto'>{{code}}</pre>"
)


def page_path(page: str) -> Path:
    """Where a page is written."""
    return root() / "reports" / f"{page}.html"


def write_page(
    page: str,
    title: str,
    console: "Console",
    facts: Any,
    pictures: str = "",
    path: Path | None = None,
) -> Path:
    """Write what a recording console printed, pictures (SVG) and the panels; returns where."""
    added = [item for panel in extensions("panel") for item in panel(page, facts)]
    html = [item for item in added if isinstance(item, str)]
    for item in added:
        if not isinstance(item, str):
            console.print(item)
    shell = SHELL.format(title=title)
    shown = console.export_html(code_format=shell, inline_styles=True)
    path = path or page_path(page)
    write_atomically(path, "\n".join([shown + pictures, *html]))
    return path
