"""The climb: look, rehearse, then move the project's tree; or leave everything as it was."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mlops_ladder import checks, levels, move, quick
from mlops_ladder.project import Project, find, root
from mlops_ladder.quick import Check
from mlops_ladder.refusal import Refusal
from mlops_ladder.rehearsal import Rehearsal, rehearse, scratch
from mlops_ladder.render import check_out, fetch, questions, revision


@dataclass(frozen=True)
class Wish:
    """What was asked for on the command line."""

    folder: Path
    to: int | None = None
    answers: dict[str, str] = field(default_factory=dict)
    version: str = ""
    branch: str = ""
    dry_run: bool = False
    keep_edited: bool = False
    run: bool = False
    quietly: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of a climb; `state` is nothing to do, rehearsed, climbed, conflicts or invalid."""

    state: str
    project: Project
    version: str
    changes: dict[str, Any]
    branch: str = ""
    start: str = ""
    rehearsal: Rehearsal | None = None
    checks: tuple[Check, ...] = ()
    first: str = ""
    ran: int | None = None

    @property
    def level(self) -> int:
        """The rung that is reached."""
        return int(self.changes.get("level", self.project.level))

    @property
    def code(self) -> int:
        """The command's exit code: 1 is a finding."""
        worse = any(check.before and not check.passed for check in self.checks)
        found = self.rehearsal is not None and bool(self.rehearsal.merge.conflicts or self.rehearsal.broken)
        return int(found or worse or bool(self.ran))


def climb(wish: Wish, say: Callable[[str], None]) -> Outcome:
    """Climb, and tell of each long step; raises Refusal with the tree as it was."""
    checks.tools()
    repository = root(wish.folder)
    if note := move.recover(repository):
        say(note)
    project = find(wish.folder)
    checks.tree(project)
    with scratch(repository) as folder:
        say(f"Fetching the template from {project.source}")
        template = fetch(project.source, folder / "template")
        version = wish.version or project.version
        check_out(template, version, project.version)
        if not (template / "levels" / "seeds.txt").is_file():
            raise Refusal(f"Version {version} of {project.source} is not MLOps Ladder, nor a fork of it.")
        changes = _changes(wish, project, template, version)
        if not changes and revision(template, version) == revision(template, project.version):
            return Outcome("nothing to do", project, version, changes)
        branch = wish.branch or _branch(changes, version)
        checks.branch(project, branch)
        say("Rehearsing the climb in a throw-away worktree")
        message = _message(project, changes, version)
        rehearsed = rehearse(project, template, version, changes, folder, message, wish.keep_edited)
        first = levels.first_commands(template / "levels")
        outcome = Outcome("rehearsed", project, version, changes, branch, rehearsal=rehearsed)
        if outcome.level > project.level and outcome.level in first:
            outcome = replace(outcome, first=f"uv run {quick.command(project)} {first[outcome.level]}")
        return _deliver(outcome, rehearsed, wish, say)


def _deliver(outcome: Outcome, rehearsed: Rehearsal, wish: Wish, say: Callable[[str], None]) -> Outcome:
    """Move the tree, if the rehearsal went well and that is wanted."""
    project, merge = outcome.project, rehearsed.merge
    if merge.commit and not (merge.added or merge.changed or merge.deleted):
        return replace(outcome, state="nothing to do")
    if rehearsed.broken:
        return replace(outcome, state="invalid")
    if wish.dry_run:
        return outcome
    before = {}
    if merge.commit and quick.installed(project):
        say("Running the project's quick checks as they are now")
        before = quick.look(project, "--no-sync")
    journal = move.prepare(
        project.repository, merge.head, outcome.branch, rehearsed.goal, "" if merge.commit else merge.pick
    )
    move.move(project.repository, journal)
    outcome = replace(outcome, start=journal.start or journal.head)
    if not merge.commit:
        return replace(outcome, state="conflicts")
    if before:
        say("Running the project's quick checks on the new rung")
    outcome = replace(outcome, state="climbed", checks=quick.compare(project, before))
    if wish.run and outcome.first and outcome.code == 0:
        say(f"Running {outcome.first}")
        outcome = replace(outcome, ran=quick.run(project, outcome.first, wish.quietly))
    return outcome


def _changes(wish: Wish, project: Project, template: Path, version: str) -> dict[str, Any]:
    """The answers that change; without any wish, the next rung."""
    asked = questions(template)
    checks.names(wish.answers, asked, version)
    wanted: dict[str, Any] = dict(wish.answers)
    if wish.to is not None:
        if str(wanted.get("level", wish.to)) != str(wish.to):
            raise Refusal(f"--to {wish.to} and --set level={wanted['level']} say different things; leave one out.")
        wanted["level"] = wish.to
    elif not wanted and not wish.version:
        highest = max(capability.level for capability in levels.read(template / "levels"))
        wanted["level"] = max(min(project.level + 1, highest), project.level)
    changes = {name: value for name, value in wanted.items() if str(project.answers.get(name)) != str(value)}
    if "level" in changes:
        changes["level"] = _number(changes["level"])
    return changes


def _number(value: Any) -> int:
    if not re.fullmatch(r"\d", str(value)):
        raise Refusal(f"level={value} is not a level; the ladder has the levels 0 to 4.")
    return int(value)


def _branch(changes: dict[str, Any], version: str) -> str:
    """climb-to-level-2, climb-ci-gitlab or climb-to-0.2.0."""
    if "level" in changes:
        goal = f"to-level-{changes['level']}"
    else:
        goal = "-".join(f"{name}-{value}" for name, value in changes.items()) or f"to-{version}"
    return re.sub(r"[^A-Za-z0-9._]+", "-", f"climb-{goal}").strip("-.")


def _message(project: Project, changes: dict[str, Any], version: str) -> str:
    """The commit's message: what changed, and between which versions."""
    level = changes.get("level", project.level)
    others = [f"{name}={value}" for name, value in changes.items() if name != "level"]
    if level != project.level:
        subject = f"Climb to level {level}" if level > project.level else f"Go down to level {level}"
    else:
        subject = f"Change {', '.join(others)}" if others else f"Take version {version} of the template"
    details = [f"Level: {project.level} -> {level}", f"Template: {project.version} -> {version}"]
    return "\n".join([subject, "", *details, *(f"Answer: {other}" for other in others)]) + "\n"
