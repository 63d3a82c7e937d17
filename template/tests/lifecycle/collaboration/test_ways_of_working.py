"""The pages that people follow lead somewhere, and every role has an owner."""

import re
from pathlib import Path

import pytest

from lifecycle.collaboration.owners import ROLES, approvers, owners

ROOT = Path(__file__).parents[3]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("data/*.md"), *ROOT.glob("docs/**/*.md")]


@pytest.mark.parametrize("page", sorted(PAGES), ids=lambda page: page.name)
def test_links_resolve(page: Path) -> None:
    """Every relative link of a page names a file or folder that is there."""
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    local = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_every_role_has_an_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Business, data and engineering each have a name and an address, and so have approvers."""
    monkeypatch.setenv("PROJECT_ROOT", str(ROOT))
    assert tuple(owners()) == ROLES
    assert approvers()
