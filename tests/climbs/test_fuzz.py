"""Projects that people lived in climb, come down, change a choice and take new versions, and nothing of theirs is lost.

A failure prints its seed; `--hypothesis-seed` with that number plays it first. benchmarks/climbs.py plays thousands."""

from pathlib import Path

import pytest

from tests.climbs.oracle import differences
from tests.climbs.play import climb, drawn, play, state
from tests.climbs.scenarios import SOME, Route, Scenario, scenarios
from tests.climbs.worlds import Worlds

SHARES = 4
EACH = 30


@pytest.mark.parametrize("route", SOME, ids=str)
def test_without_edits_a_climb_gives_a_fresh_copy(route: Route, worlds: Worlds, tmp_path: Path) -> None:
    project = tmp_path / "project"
    worlds.project(route.start, "", worlds.tree(route.start), project)
    before = state(project)
    step = climb(worlds, project, "", route.start, route.goal)
    assert step.merged.commit
    assert differences(step.files, worlds.tree(route.goal)) == []
    assert state(project) == before


@pytest.mark.parametrize("share", range(SHARES))
def test_nothing_of_the_users_is_lost(share: int, worlds: Worlds, first_seed: int) -> None:
    played = 0

    def check(scenario: Scenario) -> None:
        nonlocal played
        played += 1
        assert play(worlds, scenario).faults == []

    for seed in range(first_seed + share * EACH, first_seed + (share + 1) * EACH):
        drawn(scenarios(worlds, SOME), seed, check)
    assert played >= EACH - 5
