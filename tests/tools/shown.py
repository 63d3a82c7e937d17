"""What a page tells people to type, and typing it as it stands."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests import ladder

FENCED = re.compile(r'^```(\w*)(?: title="([^"]*)")?\n(.+?)^```$', re.S | re.M)
IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "A newcomer"), ("EMAIL", "newcomer@example.com"))
}


@dataclass(frozen=True)
class Block:
    """A fenced block: what it is written in, its title, and its text."""

    language: str
    title: str
    text: str

    @property
    def lines(self) -> list[str]:
        """Its lines, without those around it."""
        return self.text.strip().splitlines()


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page in the repository, from the top."""
    text = (ladder.ROOT / page).read_text(encoding="utf-8")
    return [Block(*found) for found in FENCED.findall(text)]


def address(source: Path) -> dict[str, str]:
    """What stands for the template's address, as Copier and as uv know it."""
    return {"git+<url>": f"git+{source.as_uri()}", "<url>": str(source)}


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with what only the reader knows put in, such as `<url>`."""
    for name, value in values.items():
        text = text.replace(name, value)
    return text


def typed(text: str, folder: Path) -> str:
    """What is printed when a newcomer types this in a folder; fails at the first command that fails."""
    return ladder.run(["bash", "-euxc", text], folder, **IDENTITY).stdout
