"""Build the documentation as a site: the pages of docs/, and what the code says of itself.

Generated pages (see docs/.gitignore) are written into docs/ first; a page of that name that you
wrote yourself is kept. While you write, `uv run zensical serve` shows the site as you change it.

Examples:
  {name} docs
"""

import re
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..extensions import extends, places
from ..maturity import Evidence, recent
from ..project import Failure, name, root, write_atomically

# Pages of the project's folder, and what they are called on the site.
ROOT_PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "MATURITY.md": "maturity.md",
    "MODEL_CARD.md": "model-card.md",
    "data/README.md": "data.md",
}
MADE = "<!-- Made by the command `docs`. -->"
COLOR = re.compile(r"\x1b\[[0-9;]*m")
LINK = re.compile(r"\[([^\]]*)\]\((?![a-z]+:|#)([^)\s]+)\)")


def pages() -> Iterator[tuple[str, str]]:
    """The generated pages: a path on the site, and its Markdown."""
    for source, page in ROOT_PAGES.items():
        if (root() / source).is_file():
            yield page, relinked((root() / source).read_text(encoding="utf-8"))
    yield "reference/commands.md", commands()
    yield "reference/problem.md", interface()


def relinked(text: str) -> str:
    """Links to other pages of the site lead there; what the site lacks is named without a link."""

    def to_site(found: re.Match[str]) -> str:
        label, target = found[1], found[2].removeprefix("./")
        path, _, anchor = target.partition("#")
        page = ROOT_PAGES.get(path) or (path[5:] if path.startswith("docs/") else "")
        end = f"#{anchor}" if anchor else ""
        return f"[{label}]({page}{end})" if page.endswith(".md") else f"{label} (`{target}`)"

    return LINK.sub(to_site, text)


def commands() -> str:
    """Every command with its help, from the docstrings of the modules."""
    lines = ["# Commands", "", f"`{name()} COMMAND --help` shows the options. All know `--json`."]
    for path in sorted((place.path for place in places("command")), key=lambda path: path.stem):
        summary, _, rest = docstring(path).partition("\n")
        body, _, examples = rest.partition("Examples:")
        lines += ["", f"## {path.stem.replace('_', '-')}", "", summary, "", body.strip()]
        lines += ["", "```", *(line.strip() for line in examples.strip().splitlines()), "```"]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def interface() -> str:
    """What the template's code asks of your package."""
    summary, _, rest = docstring(Path(__file__).parents[1] / "problem.py").partition("\n\n")
    return f"# The interface of your package\n\n{summary}\n\n```\n{rest.strip()}\n```\n"


def docstring(path: Path) -> str:
    """The text at the top of a module, without importing it."""
    import ast

    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.replace("{name}", name())


def site_path() -> Path:
    """Where the site is built to."""
    return root() / "reports" / "site"


def prepare() -> None:
    """Write the generated pages into docs/, beside those that people wrote."""
    for path, text in pages():
        page = root() / "docs" / path
        if not page.exists() or page.read_text(encoding="utf-8").startswith(MADE):
            write_atomically(page, f"{MADE}\n\n{text}")


def build() -> Path:
    """Build strictly; raises Failure with the warnings, such as a link that leads nowhere."""
    prepare()
    zensical = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    done = subprocess.run(zensical, cwd=root(), capture_output=True, text=True, encoding="utf-8")
    if done.returncode:
        message = COLOR.sub("", done.stdout + done.stderr).partition("Traceback")[0].strip()
        raise Failure(f"the site was not built; fix these pages:\n{message}")
    return site_path() / "index.html"


@extends("evidence")
def evidence() -> Iterator[Evidence]:
    """C2: the site was built in the last 30 days."""
    index = site_path() / "index.html"
    built = datetime.fromtimestamp(index.stat().st_mtime, UTC) if index.exists() else None
    if built and recent(built.isoformat()):
        yield Evidence("C2", "proven", f"the site was built on {built:%Y-%m-%d}")
    else:
        yield Evidence("C2", "missing", "no site was built in 30 days", f"{name()} docs")


@extends("command")
def command(parser: ArgumentParser) -> Callable[[Namespace], dict[str, Any]]:
    def run(arguments: Namespace) -> dict[str, Any]:
        index = build()
        print(f"the site is {index}")
        return {"site": str(index), "pages": len(list(site_path().glob("**/*.html")))}

    return run
