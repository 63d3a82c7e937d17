"""The card holds the facts, keeps what people wrote, and says what is missing."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from lifecycle.cli import run
from lifecycle.development.model import Model
from lifecycle.governance import card
from lifecycle.project import Failure
from tests.lifecycle.conftest import ORIGINAL, Write

OWNERS = "\n".join(
    f"{role}:\n  name: A team\n  contact: team@example.com" for role in ("business", "data", "engineering")
)


@pytest.fixture
def sheet(workspace: Path) -> Iterator[Path]:
    """A card that people finished, with complete owners."""
    (workspace / "OWNERS.yaml").write_text(OWNERS, encoding="utf-8")
    path = workspace / "MODEL_CARD.md"
    sections = "\n".join(f"## {name}\nWe thought of {name}.\n" for name in card.SECTIONS)
    path.write_text(f"# Card\n\n{sections}\n<!-- facts -->\n<!-- end of facts -->\n\nThe end.\n")
    yield path
    path.unlink()
    (workspace / "OWNERS.yaml").unlink()


def test_facts_are_filled_in_and_what_people_wrote_stays(sheet: Path, trained: Model) -> None:
    before = sheet.read_text(encoding="utf-8")
    assert run("card", []) == run("card", []) == 0
    after = sheet.read_text(encoding="utf-8")
    assert card.FACTS.sub("", after) == card.FACTS.sub("", before)
    html = MarkdownIt("commonmark").enable("table").render(after)
    for fact in (trained.version, trained.facts["data"]["md5"], trained.facts["primary"]):
        assert re.search(f"<td>[^<]*{re.escape(fact)}[^<]*</td>", html)
    assert run("card", ["--check"]) == 0


@pytest.mark.parametrize("section", card.SECTIONS)
@pytest.mark.parametrize("body", ["", "<!-- Which decision? -->", "TBD.", None])
def test_an_unfinished_section_is_named(section: str, body: str | None, sheet: Path) -> None:
    text = sheet.read_text(encoding="utf-8")
    old = f"## {section}\nWe thought of {section}.\n"
    text = text.replace(old, "" if body is None else f"## {section}\n{body}\n")
    text = text.replace("<!-- facts -->\n", "<!-- facts -->\n## Facts\n")
    assert [gap.partition(":")[0] for gap in card.gaps(text)] == [section]


def test_the_check_fails_and_says_why(sheet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet.write_text(sheet.read_text().replace("We thought of Purpose.", ""), encoding="utf-8")
    assert run("card", ["--check"]) == 1
    printed = capsys.readouterr().out
    assert "Purpose" in printed
    assert "Facts" in printed


def test_missing_owners_are_named(sheet: Path) -> None:
    (sheet.parent / "OWNERS.yaml").write_text(OWNERS.replace("business:", "sales:"))
    assert any(gap.startswith("Owners") for gap in card.gaps(sheet.read_text(encoding="utf-8")))


def test_the_card_of_this_project_has_the_sections() -> None:
    original = ORIGINAL / "MODEL_CARD.md"
    text = original.read_text(encoding="utf-8")
    assert re.findall("^## (.+)$", card.FACTS.sub("", text), re.M)[: len(card.SECTIONS)] == [*card.SECTIONS]


def test_another_module_adds_a_section(sheet: Path, write: Write) -> None:
    """As one does that knows how fair the model is, or who signed it: in its place among the others."""
    write(
        "fairness.py",
        """
        from lifecycle.extensions import extends

        @extends("section", precedence=15)
        def fairness(facts):
            yield "Fairness", ["", f"Looked at for {facts['version']}.", ""]
        """,
    )
    assert run("card", []) == 0
    text = sheet.read_text(encoding="utf-8")
    titles = re.findall("^### (.+)$", text, re.M)
    assert titles[:2] == ["Owners", "Results on held-out rows"]
    assert titles[-2:] == ["Fairness", "Features"]
    assert re.search(r"^Looked at for \S+\.$", text, re.M)
    assert run("card", ["--check"]) == 0


def test_facts_of_a_newer_template_are_left_alone(sheet: Path) -> None:
    text = sheet.read_text(encoding="utf-8").replace("<!-- facts -->", "<!-- facts, format 2 -->")
    sheet.write_text(text, encoding="utf-8")
    with pytest.raises(Failure, match="newer template"):
        run("card", [])
    assert sheet.read_text(encoding="utf-8") == text
