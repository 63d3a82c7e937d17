"""Building the site in a folder: the pages, the settings, and the HTML in html/.

The pages of docs/ are copied, and each line `<!-- made: NAME -->` in them is replaced by what is
made from the sources. The build is strict: a warning, such as a link that leads nowhere, ends it.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from mlops_ladder import explorer
from mlops_ladder.refusal import Refusal

from .pieces import piece
from .sources import ROOT

LINE = re.compile(r"^<!-- made: (.+) -->$", re.M)


def prepare(folder: Path) -> None:
    """Put the pages and the settings into the folder, as Zensical is to find them."""
    pages = folder / "pages"
    shutil.rmtree(pages, ignore_errors=True)
    shutil.copytree(ROOT / "docs", pages)
    (pages / "zensical.toml").replace(folder / "zensical.toml")
    explorer.write(pages)
    for page in pages.rglob("*.md"):
        page.write_text(filled(page.read_text(encoding="utf-8"), page.relative_to(pages)), encoding="utf-8")


def filled(text: str, name: Path) -> str:
    """A page with what it asks for; raises Refusal for a piece that nobody makes."""

    def made(found: re.Match[str]) -> str:
        try:
            return piece(found[1])
        except KeyError:
            where = "see src/mlops_ladder/site/pieces.py"
            raise Refusal(f"{name} asks for `{found[1]}`, which is not made: {where}") from None

    return LINE.sub(made, text)


def build(folder: Path) -> Path:
    """Build strictly; raises CalledProcessError after the warnings were printed."""
    folder.mkdir(parents=True, exist_ok=True)
    prepare(folder)
    subprocess.run([sys.executable, "-m", "zensical", "build", "--strict", "--clean"], cwd=folder, check=True)
    return folder / "html" / "index.html"
