"""The documentation site is built without a warning, and from the code."""

import shutil
from pathlib import Path

import pytest

from lifecycle import project
from lifecycle.collaboration import docs
from tests.lifecycle.conftest import ORIGINAL

ROOT = ORIGINAL


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The pages of this project, in a place where they may be changed."""
    monkeypatch.setenv("PROJECT_ROOT", str(tmp_path))
    for page in [*ROOT.glob("*.md"), ROOT / "zensical.toml"]:
        shutil.copy(page, tmp_path)
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copytree(ROOT / "data", tmp_path / "data", ignore=shutil.ignore_patterns("*[!.md]"))
    return tmp_path


def test_the_site_is_built_from_the_code_and_keeps_a_page_of_yours(home: Path) -> None:
    (home / "docs" / "index.md").write_text("# Ours\n", encoding="utf-8")
    docs.build()
    assert (home / "docs" / "index.md").read_text(encoding="utf-8") == "# Ours\n"
    assert "Ours" in (docs.site_path() / "index.html").read_text(encoding="utf-8")
    page = (docs.site_path() / "reference" / "commands.html").read_text(encoding="utf-8")
    assert f"{project.name()} docs" in page
    [found] = docs.evidence()
    assert found.state == "proven"


def test_a_link_that_leads_nowhere_stops_the_build(home: Path) -> None:
    (home / "docs" / "wrong.md").write_text("# Wrong\n\n[gone](gone.md)\n", encoding="utf-8")
    with pytest.raises(project.Failure, match=r"gone\.md"):
        docs.build()


def test_links_lead_to_pages_of_the_site() -> None:
    text = "[a](docs/x.md#y) [b](CONTRIBUTING.md) [c](OWNERS.yaml) [d](https://example.com)"
    wanted = "[a](x.md#y) [b](contributing.md) c (`OWNERS.yaml`) [d](https://example.com)"
    assert docs.relinked(text) == wanted
