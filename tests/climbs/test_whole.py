"""A sample of lived-in projects climbs as people do it: with the whole command, and with plain `copier update`."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_ladder import cli
from tests import ladder
from tests.climbs import oracle
from tests.climbs.habits import PLAIN, SOUND
from tests.climbs.life import Tree
from tests.climbs.play import case, climb, drawn, lived_in, shown, state
from tests.climbs.scenarios import UP, VERSION, Scenario, scenarios
from tests.climbs.worlds import Worlds

pytestmark = pytest.mark.xdist_group("whole-climbs")
FIRST = UP[0]
FEW = 3


def in_the_way(scenario: Scenario, ours: Tree, coming: Tree) -> bool:
    """Whether a file and a folder meet, or a file that .gitignore hides stands where one comes."""
    hidden = scenario.files.keys() - ours.keys()
    return oracle.blocked(scenario.files, coming) or bool(hidden & coming.keys())


@pytest.mark.parametrize("number", range(FEW))
def test_the_command_keeps_the_promises(
    number: int, worlds: Worlds, first_seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def check(scenario: Scenario) -> None:
        project = tmp_path / "project"
        shutil.rmtree(project, ignore_errors=True)
        ours, before = lived_in(worlds, scenario, project), state(project)
        goal = scenario.route.goal
        version = f"--template-version={goal.version}"
        code = cli.main(["climb", str(project / scenario.prefix), f"--to={goal.level}", version, "--json"])
        report = json.loads(capsys.readouterr().out)
        assert report["exit_code"] == code
        if report["state"] in ("refused", "invalid"):
            assert code == (2 if report["state"] == "refused" else 1)
            assert state(project) == before
            assert report["state"] == "invalid" or in_the_way(scenario, ours, worlds.tree(goal)), report["error"]
            return
        files, unmerged = shown(worlds, project, scenario.inside)
        assert (report["state"], code) == (("conflicts", 1) if unmerged else ("climbed", 0))
        assert oracle.faults(case(worlds, scenario, ours, files, unmerged)) == []
        assert unmerged or ladder.git(project, "status", "--porcelain", "-uno") == ""

    drawn(scenarios(worlds, [FIRST, VERSION[3]]), first_seed + number, check)


@pytest.mark.parametrize("number", range(FEW))
def test_plain_copier_loses_no_line_on_the_way_up(number: int, worlds: Worlds, first_seed: int, tmp_path: Path) -> None:
    def check(scenario: Scenario) -> None:
        project = tmp_path / "project"
        shutil.rmtree(project, ignore_errors=True)
        worlds.project(FIRST.start, "", scenario.files, project)
        ours = worlds.committed(project, "HEAD:")
        ladder.update(project, {"level": FIRST.goal.level})
        ladder.git(project, "add", "--all", "--intent-to-add")
        done = case(worlds, scenario, ours, ladder.tree(project), frozenset())
        assert [oracle.lost(done, path) for path in ours if oracle.lost(done, path)] == []
        marked = [path for path, text in done.result.items() if b"\n<<<<<<< " in b"\n" + text]
        assert bool(marked) == bool(ladder.conflicts(project))

    drawn(scenarios(worlds, [FIRST], PLAIN), first_seed + number, check)


@pytest.mark.parametrize("number", range(2))
def test_afterwards_the_projects_own_checks_pass(
    number: int, worlds: Worlds, live: Callable[..., Path], first_seed: int, tmp_path: Path
) -> None:
    python = live(level=2) / ".venv" / "bin" / "python"

    def check(scenario: Scenario) -> None:
        project = tmp_path / "project"
        shutil.rmtree(project, ignore_errors=True)
        lived_in(worlds, scenario, project)
        step = climb(worlds, project, scenario.inside, scenario.route.start, scenario.route.goal)
        assert step.merged.commit, step.merged.conflicts
        ladder.git(project, "reset", "--hard", "--quiet", step.merged.commit)
        folder = project / scenario.prefix
        ladder.run([python, "-m", "ruff", "check", "--no-cache"], folder)
        listed = ladder.run([python, "-m", "lifecycle.cli", "--help"], folder, PYTHONPATH=os.fspath(folder / "src"))
        assert "maturity" in listed.stdout

    drawn(scenarios(worlds, UP[1:], SOUND), first_seed + number, check)


def test_a_tree_with_changes_is_refused(worlds: Worlds, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = tmp_path / "project"
    worlds.project(FIRST.start, "", worlds.tree(FIRST.start), project)
    (project / "README.md").write_text("Not committed yet.\n", encoding="utf-8")
    before = state(project)
    assert cli.main(["climb", str(project), "--to=1"]) == 2
    assert "README.md" in capsys.readouterr().err
    assert state(project) == before


def test_a_source_that_moved_is_named(worlds: Worlds, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gone = str(tmp_path / "gone")
    files = dict(worlds.tree(FIRST.start))
    files[".copier-answers.yml"] = files[".copier-answers.yml"].replace(str(worlds.source()).encode(), gone.encode())
    project = tmp_path / "project"
    worlds.project(FIRST.start, "", files, project)
    before = state(project)
    assert cli.main(["climb", str(project), "--to=1"]) == 2
    assert gone in capsys.readouterr().err
    assert state(project) == before
