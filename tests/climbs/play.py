"""Play a scenario through the merge, and judge what came of it."""

import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st

from mlops_ladder.merge import Merge, merge
from mlops_ladder.refusal import Refusal
from tests import ladder
from tests.climbs import oracle
from tests.climbs.life import ANSWERS, Tree
from tests.climbs.oracle import Case
from tests.climbs.scenarios import Scenario
from tests.climbs.worlds import World, Worlds

# The first example is always the simplest, which is none; the second is drawn.
SETTINGS = hypothesis.settings(
    max_examples=2,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


@dataclass(frozen=True)
class Outcome:
    """What was found in one scenario, and how long its climb took."""

    faults: list[str]
    causes: list[str]
    lost: int
    seconds: float


def drawn(strategy: st.SearchStrategy[Scenario], seed: int, check: Callable[[Scenario], None]) -> None:
    """Give `check` the scenario of this seed; one that fails is made as small as it can be."""

    @hypothesis.seed(seed)
    @SETTINGS
    @hypothesis.given(st.none() | strategy)
    def once(scenario: Scenario | None) -> None:
        if scenario:
            check(scenario)

    try:
        once()
    except Exception as error:
        error.add_note(f"Again: pytest tests/climbs --hypothesis-seed={seed}")
        raise


@dataclass(frozen=True)
class Step:
    """A merge, the project's files after it, and what git calls unmerged."""

    merged: Merge
    files: Tree
    unmerged: frozenset[str]


def play(worlds: Worlds, scenario: Scenario) -> Outcome:
    """Climb, and look at everything; then climb again, and rung by rung."""
    route, prefix = scenario.route, scenario.inside
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch, "project")
        ours, before = lived_in(worlds, scenario, project), state(project)
        began = time.monotonic()
        try:
            step = climb(worlds, project, prefix, route.start, route.goal)
        except Refusal:
            fair = oracle.blocked(ours, worlds.tree(route.goal)) and state(project) == before
            return Outcome([] if fair else ["refused without cause"], ["refused"], 0, time.monotonic() - began)
        seconds = time.monotonic() - began
        reported = frozenset(conflict.path for conflict in step.merged.conflicts)
        judged = case(worlds, scenario, ours, step.files, reported, step.merged.kept)
        found = oracle.faults(judged)
        if oracle.blocked(ours, judged.theirs):
            found.append("a file and a folder meet, and nothing was refused")
        if reported != step.unmerged:
            found.append(f"the conflicts reported are not git's: {sorted(reported ^ step.unmerged)}")
        if state(project) != before:
            found.append("the user's own tree was touched")
        found += beyond(worlds, scenario, project, step)
    causes = [oracle.cause(judged, path) or "none" for path in sorted(reported)]
    lost = sum(oracle.lost(judged, path).total() for path in ours if path not in {ANSWERS, *judged.reported})
    return Outcome(found, causes, lost, seconds)


def state(project: Path) -> tuple[str, ...]:
    """What a climb must not touch."""
    return tuple(ladder.git(project, *ask) for ask in (["status", "--porcelain"], ["rev-parse", "HEAD"], ["branch"]))


def climb(worlds: Worlds, project: Path, prefix: str, start: World, goal: World) -> Step:
    """One merge, in a worktree of its own."""
    worktree = Path(tempfile.mkdtemp(dir=project.parent)) / "worktree"
    merged = merge(project, prefix, worlds.rendering(start), worlds.rendering(goal), worktree)
    return Step(merged, *shown(worlds, worktree, prefix))


def shown(worlds: Worlds, repository: Path, prefix: str) -> tuple[Tree, frozenset[str]]:
    """The project's files in the index, unmerged ones as they stand in the tree; and which are unmerged."""
    listed = ladder.run(["git", "ls-files", "-s", "-z", "--", "."], repository / prefix).stdout.split("\0")[:-1]
    entries = [(*entry.split("\t")[0].split(), entry.split("\t", 1)[1]) for entry in listed]
    hashes = {path: sha for _, sha, stage, path in entries if stage == "0"}
    unmerged = frozenset(path for _, _, stage, path in entries if stage != "0")
    there = {path: repository / prefix / path for path in unmerged}
    marked = {path: file.read_bytes() for path, file in there.items() if file.is_file()}
    return {**worlds.contents(repository, hashes), **marked}, unmerged


def lived_in(worlds: Worlds, scenario: Scenario, folder: Path) -> Tree:
    """Make the project of a scenario; returns what its last commit holds."""
    worlds.project(scenario.route.start, scenario.prefix, scenario.files, folder, scenario.shallow)
    return worlds.committed(folder, f"HEAD:{scenario.inside}")


def case(
    worlds: Worlds, scenario: Scenario, ours: Tree, result: Tree, unmerged: frozenset[str], kept: Iterable[str] = ()
) -> Case:
    """What the oracle judges."""
    return Case(
        base=worlds.tree(scenario.route.start),
        ours=ours,
        theirs=worlds.tree(scenario.route.goal),
        result=result,
        moved=scenario.moved,
        unmerged=unmerged,
        reported=frozenset(kept),
        upward=scenario.route.upward,
    )


def beyond(worlds: Worlds, scenario: Scenario, project: Path, step: Step) -> list[str]:
    """What must hold of further climbs, if the first is free of conflicts."""
    merged, route, prefix = step.merged, scenario.route, scenario.inside
    if not merged.commit:
        return []
    found = rung_by_rung(worlds, scenario, project, step) if route.between else []
    ladder.git(project, "reset", "--hard", "--quiet", merged.commit)
    again = climb(worlds, project, prefix, route.goal, route.goal)
    if again.files != step.files or not again.merged.commit:
        found.append(f"a second climb changes {oracle.differences(again.files, step.files)}")
    outside = ladder.git(project, "diff", "--name-only", merged.head, merged.commit).splitlines()
    found += [f"{path}: is outside of the project" for path in outside if not path.startswith(prefix)]
    # The history, which tells what people deleted, is not there in a shallow clone.
    if route.kind == "down" and not scenario.shallow:
        back = climb(worlds, project, prefix, route.goal, route.start)
        gone = worlds.tree(route.start).keys() - scenario.files.keys()
        found += [f"{path}: is back after down and up" for path in sorted(gone & back.files.keys())]
    return found


def rung_by_rung(worlds: Worlds, scenario: Scenario, project: Path, step: Step) -> list[str]:
    """Whether the climbs between lead to the same files, as far as they are free of conflicts."""
    route, files = scenario.route, step.files
    for start, goal in pairwise([route.start, *route.between, route.goal]):
        rung = climb(worlds, project, scenario.inside, start, goal)
        if not rung.merged.commit:
            return []
        ladder.git(project, "reset", "--hard", "--quiet", rung.merged.commit)
        files = rung.files
    different = oracle.differences(files, step.files)
    return [f"rung by rung differs in {different}"] if different else []
