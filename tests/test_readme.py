"""Every line that the README shows a user is run as it stands."""

import re
from pathlib import Path

import pytest

from tests import ladder

README = (ladder.ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = [block.strip().splitlines() for block in re.findall(r"^```\n(.+?)^```$", README, re.S | re.M)]
IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "A newcomer"), ("EMAIL", "newcomer@example.com"))
}


@pytest.mark.xdist_group("readme")
def test_the_lines_for_users_work_from_copy_to_climb(source: Path, tmp_path: Path) -> None:
    copy, _own_table, climb, plain = BLOCKS[2:]
    lines = [line.replace("<url>", str(source)) for line in copy]
    done = ladder.run(["bash", "-euxc", "\n".join(lines)], tmp_path, **IDENTITY)
    assert "roc_auc" in done.stdout
    project = tmp_path / "my-model"
    ladder.commit(project, "Lock")
    lines = [line.replace("git+<url>", f"git+{source.as_uri()}") for line in climb]
    done = ladder.run(["bash", "-euxc", "\n".join(lines)], project, **IDENTITY)
    assert "First on this rung: uv run my-model train" in done.stdout
    said = ladder.run(["uv", "run", "my-model", "maturity"], project).stdout
    assert "M1a" in said
    assert "uvx mlops-ladder climb --to 2" in said
    ladder.run(["bash", "-euxc", "\n".join(plain)], project)
    assert ladder.conflicts(project) == ""
    assert "M2a" in ladder.run(["uv", "run", "my-model", "maturity"], project).stdout


def test_the_line_for_ones_own_table_works(source: Path, tmp_path: Path) -> None:
    (tmp_path / "churn.csv").write_text("months,churned\n" + "".join(f"{n % 50},{n % 3 > 1}\n" for n in range(300)))
    (line,) = BLOCKS[3]
    line = line.replace("<url>", str(source)).replace("/path/to", str(tmp_path))
    ladder.run(["bash", "-euc", line], tmp_path)
    assert 'target: "churned"' in (tmp_path / "churn" / "conf" / "data.yaml").read_text(encoding="utf-8")


def test_the_two_commands_are_in_the_makefile() -> None:
    commands = [line for block in BLOCKS[:2] for line in block]
    assert commands == ["make demo", "make test"]
    makefile = (ladder.ROOT / "Makefile").read_text(encoding="utf-8")
    assert all(f"\n{command.split()[1]}:" in makefile for command in commands)
