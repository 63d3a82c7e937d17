"""The pages that people follow lead somewhere, and every role has an owner."""

import re
from pathlib import Path

import pytest

from lifecycle.collaboration.owners import ROLES, owners
from lifecycle.project import Failure

ROOT = Path(__file__).parents[3]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("data/*.md"), *ROOT.glob("docs/**/*.md")]


@pytest.mark.parametrize("page", sorted(PAGES), ids=lambda page: page.name)
def test_links_resolve(page: Path) -> None:
    """Every relative link of a page names a file or folder that is there."""
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    local = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_every_role_has_an_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Business, data and engineering each have a name and an address."""
    monkeypatch.setenv("PROJECT_ROOT", str(ROOT))
    assert tuple(owners()) == ROLES


def test_a_role_without_owner_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says which role lacks what."""
    monkeypatch.setenv("PROJECT_ROOT", str(tmp_path))
    text = (ROOT / "OWNERS.yaml").read_text(encoding="utf-8")
    (tmp_path / "OWNERS.yaml").write_text(text.replace("data:", "date:"), encoding="utf-8")
    with pytest.raises(Failure, match="data has no name"):
        owners()
