"""Every line that the README shows a user is run as it stands."""

from pathlib import Path

import pytest

from tests import ladder
from tests.tools import shown

BLOCKS = [block.lines for block in shown.blocks("README.md")]


@pytest.mark.xdist_group("readme")
def test_the_lines_for_users_work_from_copy_to_climb(source: Path, tmp_path: Path) -> None:
    copy, _own_table, climb, plain = ("\n".join(lines) for lines in BLOCKS[2:])
    address = shown.address(source)
    assert "roc_auc" in shown.typed(shown.filled(copy, address), tmp_path)
    project = tmp_path / "my-model"
    ladder.commit(project, "Lock")
    assert "First on this rung: uv run my-model train" in shown.typed(shown.filled(climb, address), project)
    printed = ladder.run(["uv", "run", "my-model", "maturity"], project).stdout
    assert "M1a" in printed
    assert f"uvx --from {source} mlops-ladder climb --to 2" in printed
    shown.typed(plain, project)
    assert ladder.conflicts(project) == ""
    assert "M2a" in ladder.run(["uv", "run", "my-model", "maturity"], project).stdout


def test_the_line_for_ones_own_table_works(source: Path, tmp_path: Path) -> None:
    (tmp_path / "churn.csv").write_text("months,churned\n" + "".join(f"{n % 50},{n % 3 > 1}\n" for n in range(300)))
    (line,) = BLOCKS[3]
    shown.typed(shown.filled(line, {**shown.address(source), "/path/to": str(tmp_path)}), tmp_path)
    assert 'target: "churned"' in (tmp_path / "churn" / "conf" / "data.yaml").read_text(encoding="utf-8")


def test_the_two_commands_are_in_the_makefile() -> None:
    commands = [line for block in BLOCKS[:2] for line in block]
    assert commands == ["make demo", "make test"]
    makefile = (ladder.ROOT / "Makefile").read_text(encoding="utf-8")
    assert all(f"\n{command.split()[1]}:" in makefile for command in commands)
