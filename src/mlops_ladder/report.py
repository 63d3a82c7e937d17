"""What a climb says: for people in sentences and tables, for programs as one JSON document."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mlops_ladder.advice import advice, kind
from mlops_ladder.climb import Outcome
from mlops_ladder.levels import Capability
from mlops_ladder.rehearsal import Rehearsal

if TYPE_CHECKING:
    from rich.console import Console


def document(outcome: Outcome) -> dict[str, Any]:
    """Everything that is known of a climb, in plain values."""
    project, found = outcome.project, outcome.rehearsal
    facts: dict[str, Any] = {
        "state": outcome.state,
        "exit_code": outcome.code,
        "project": str(project.folder),
        "level": {"from": project.level, "to": outcome.level},
        "version": {"from": project.version, "to": outcome.version},
        "answers": {name: str(value) for name, value in outcome.changes.items() if name != "level"},
    }
    if found is None:
        return facts
    merge = found.merge
    paths = ("added", "changed", "deleted", "kept", "absent", "touched")
    return facts | {
        "branch": outcome.branch,
        "commit": merge.commit,
        "capabilities": _capabilities(outcome, found),
        "files": {name: list(getattr(merge, name)) for name in paths} | {"moved": merge.moved},
        "conflicts": _conflicts(outcome, found),
        "broken": list(found.broken),
        "packages": asdict(found.weight),
        "lock": found.lock,
        "checks": [asdict(check) for check in outcome.checks],
        "first": outcome.first,
        "ran": outcome.ran,
        "undo": _undo(outcome, merge.head),
    }


def _capabilities(outcome: Outcome, found: Rehearsal) -> list[dict[str, str]]:
    """The capabilities that come, go or change."""
    rows = []
    for capability in found.capabilities:
        if moves := _moves(outcome, found, capability):
            facts = {key: getattr(capability, key) for key in ("id", "name", "dimension", "promise", "asks")}
            rows.append({"moves": moves, **facts})
    return rows


def _moves(outcome: Outcome, found: Rehearsal, capability: Capability) -> str:
    if outcome.project.level < capability.level <= outcome.level:
        return "comes"
    if outcome.level < capability.level <= outcome.project.level:
        return "goes"
    return "changes" if capability.id in found.differs else ""


def _conflicts(outcome: Outcome, found: Rehearsal) -> list[dict[str, str]]:
    rows = []
    for conflict in found.merge.conflicts:
        whose = kind(conflict, found.capabilities, found.seeds)
        rows.append(asdict(conflict) | {"kind": whose, "advice": advice(conflict, whose, outcome.project.prefix)})
    return rows


def _undo(outcome: Outcome, head: str) -> list[str]:
    """The commands that take the climb back."""
    if outcome.state not in ("climbed", "conflicts"):
        return []
    start = f"--detach {head}" if outcome.start == head else outcome.start
    abort = ["git cherry-pick --abort"] if outcome.state == "conflicts" else []
    return [*abort, f"git switch {start}", f"git branch -D {outcome.branch}"]


def show(outcome: Outcome, console: "Console") -> None:
    """Tell people."""
    facts = document(outcome)
    if outcome.state == "nothing to do":
        console.print(f"Nothing to do: the project stands on level {outcome.level} of version {outcome.version}.")
        return
    _show_capabilities(facts, console)
    _show_files(facts, console)
    _show_packages(facts, console)
    _show_conflicts(facts, console)
    _show_end(outcome, facts, console)


def _show_capabilities(facts: dict[str, Any], console: "Console") -> None:
    from rich.table import Table

    levels = facts["level"]
    title = f"Level {levels['from']} -> {levels['to']}" if levels["from"] != levels["to"] else f"Level {levels['to']}"
    versions = facts["version"]
    if versions["from"] != versions["to"]:
        title += f", version {versions['from']} -> {versions['to']} of the template"
    table = Table(title=title, title_justify="left")
    for column in ("", "id", "capability", "promise"):
        table.add_column(column, overflow="fold")
    for row in facts["capabilities"]:
        if row["dimension"] != "base" or row["moves"] != "changes":
            table.add_row(row["moves"], row["id"], row["name"], row["promise"])
    console.print(table)
    asked = [row for row in facts["capabilities"] if row["asks"] and row["moves"] == "comes"]
    if asked:
        console.print("\n[bold]What it asks of people[/]")
        for row in asked:
            console.print(f"  {row['id']}  {row['asks']}", highlight=False, soft_wrap=True)


def _show_files(facts: dict[str, Any], console: "Console") -> None:
    files = facts["files"]
    counts = ", ".join(f"{len(files[name])} {name}" for name in ("added", "changed", "deleted"))
    console.print(f"\n[bold]Files[/]: {counts}")
    labels = {
        "touched": "edited by you, and merged with the template's text",
        "kept": "dropped by the template, kept because you edited them",
        "absent": "not brought back, because you deleted them",
    }
    for name, label in labels.items():
        if files[name]:
            console.print(f"  {label}:")
            for path in files[name]:
                console.print(f"    {path}", highlight=False, markup=False, soft_wrap=True)


def _show_packages(facts: dict[str, Any], console: "Console") -> None:
    from rich.markup import escape

    weight = facts["packages"]
    if weight["reason"]:
        console.print(
            f"[bold]Packages[/]: could not be weighed ({escape(weight['reason'])})", highlight=False, soft_wrap=True
        )
    elif weight["packages"]:
        console.print(
            f"[bold]Packages[/]: {len(weight['packages'])} new or newer, {weight['megabytes']:.0f} MB to download here"
        )
        if weight["unweighed"]:
            console.print(f"  could not be weighed: {', '.join(weight['unweighed'])}", highlight=False, soft_wrap=True)
    if facts["lock"]:
        console.print(
            f"[yellow]uv.lock was left as it is[/]: {escape(facts['lock'])}; run `uv lock` later.",
            highlight=False,
            soft_wrap=True,
        )


def _show_conflicts(facts: dict[str, Any], console: "Console") -> None:
    from rich.markup import escape

    for conflict in facts["conflicts"]:
        console.print(
            f"\n[red]Conflict[/] in {escape(conflict['path'])} ({conflict['kind']}): {conflict['why']}.",
            highlight=False,
        )
        console.print(f"  {conflict['advice']}", highlight=False, markup=False, soft_wrap=True)
    for problem in facts["broken"]:
        console.print(f"\n[red]Invalid after the merge[/] {escape(problem)}", highlight=False, soft_wrap=True)


def _show_end(outcome: Outcome, facts: dict[str, Any], console: "Console") -> None:
    from rich.markup import escape

    for check in outcome.checks:
        word = (
            "[green]passed[/]" if check.passed else "[red]failed[/]" + ("" if check.before else ", as before the climb")
        )
        console.print(
            f"[bold]Check[/] {check.name} (`{check.command}`): {word} {escape(check.output)}".rstrip(),
            highlight=False,
            soft_wrap=True,
        )
    console.print()
    if outcome.state == "invalid":
        console.print("Nothing was touched. Mend what is named above, commit, and climb again.")
    elif outcome.state == "rehearsed":
        console.print("Nothing was touched: this was a rehearsal. Leave out --dry-run to climb.")
    elif outcome.state == "conflicts":
        console.print(
            f"You are on branch {outcome.branch}, with the conflicts to resolve. Then `git add` the files and run "
            "`git cherry-pick --continue`; if uv.lock is tracked, run `uv lock` before."
        )
    else:
        console.print(f"[green]Done[/]: you are on branch {outcome.branch}, one commit ahead of {outcome.start}.")
        if outcome.first and outcome.ran is None:
            console.print(f"First on this rung: {outcome.first}", highlight=False, soft_wrap=True)
    if facts["undo"]:
        console.print(f"To undo: {' && '.join(facts['undo'])}", highlight=False, soft_wrap=True)
