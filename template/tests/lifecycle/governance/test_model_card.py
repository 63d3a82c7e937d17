"""MODEL_CARD.md takes the facts of this project's model, and says what people have to add."""

from pathlib import Path
from shutil import copy

from lifecycle.cli import run
from lifecycle.development.model import Model
from lifecycle.governance import card
from lifecycle.project import PACKAGE

ROOT = PACKAGE.parents[1]


def test_the_card_is_complete_or_names_its_gaps(trained: Model, workspace: Path) -> None:
    copied = [Path(copy(ROOT / file, workspace)) for file in ("MODEL_CARD.md", "OWNERS.yaml")]
    try:
        assert run("card", []) == 0
        text = copied[0].read_text(encoding="utf-8")
        gaps = {gap.partition(":")[0] for gap in card.gaps(text)}
        assert run("card", ["--check"]) == (1 if gaps else 0)
    finally:
        for path in copied:
            path.unlink()
    assert gaps <= set(card.SECTIONS)
    assert trained.version in text
    assert all(column["name"] in text for column in trained.facts["schema"])
