"""The parts of pages that are made: a page asks for one with the line `<!-- made: NAME -->`."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from mlops_ladder.levels import Capability, Item
from mlops_ladder.ownership import is_seed

from . import project, sources


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def link(capability: Capability, up: str = "") -> str:
    """A link to a capability's place in the reference."""
    return f"[{capability.id} {capability.name}]({up}#{capability.id.lower()})"


def matrix() -> str:
    """The ladder: a row a dimension, a column a rung."""
    rungs = sources.rungs()
    rows = []
    for dimension in sources.DIMENSIONS:
        cells: list[list[str]] = [[] for _ in rungs]
        for capability in sources.capabilities():
            if capability.dimension == dimension:
                cells[capability.level].append(link(capability, "reference/capabilities.md"))
        rows.append([f"**{dimension}**", *("<br>".join(cell) for cell in cells)])
    return table(["", *(f"{level} {rung['name']}" for level, rung in rungs.items())], rows)


def capabilities() -> str:
    """The reference of all capabilities."""
    lines: list[str] = []
    level = -1
    for capability in sources.capabilities():
        if capability.level != level:
            level = capability.level
            lines.append(f"## Level {level}: {sources.rungs()[level]['name']}")
        lines.append(entry(capability))
    return "\n\n".join(lines)


def entry(capability: Capability) -> str:
    """A capability's part of the reference."""
    needed = {other.id: link(other) for other in sources.capabilities()}
    packages = [item(package) for package in (*capability.packages, *capability.tools)]
    lines = [
        f"### {capability.id} {capability.name} {{ #{capability.id.lower()} }}",
        capability.promise,
        bullets(
            f"dimension: {capability.dimension}",
            f"needs: {', '.join(needed[other] for other in capability.requires) or 'nothing else'}",
            f"packages: {', '.join(packages) or 'none of its own'}",
            f"proven in: {proof(capability.proof)}",
        ),
        f'??? note "{len(capability.files)} files"',
        bullets(*map(item, capability.files), indent=4),
    ]
    return "\n\n".join(lines)


def bullets(*lines: str, indent: int = 0) -> str:
    """A list."""
    return "\n".join(f"{' ' * indent}- {line}" for line in lines)


def item(one: Item) -> str:
    """A file or package, and the choices that bring it."""
    sets = [" and ".join(f"{q} is {' or '.join(map(str, values))}" for q, values in s.items()) for s in one.when]
    return f"`{one.name}`" + (f" if {', or '.join(sets)}" if all(sets) else "")


def proof(text: str) -> str:
    """Where it is proven, with the paths as code."""
    return re.sub(r"(tests/[\w/]+\.py)", r"`\1`", text)


def questions() -> str:
    """The reference of all questions, by section."""
    lines: list[str] = []
    section = ""
    for name, asked in sources.questions().items():
        if asked["section"] != section:
            section = asked["section"]
            lines.append(f"## {section}")
        lines.append(question(name, asked))
    return "\n\n".join(lines)


def question(name: str, asked: dict[str, Any]) -> str:
    """A question's part of the reference."""
    default, when = str(asked["default"]), str(asked.get("ask", asked.get("when", ""))).strip("{} ")
    facts = ["default: worked out from the other answers" if "{" in default else f"default: `{default or 'nothing'}`"]
    if choices := asked.get("choices"):
        # Choices with an explanation are written {explanation: value}.
        offered = choices.items() if isinstance(choices, dict) else [("", choice) for choice in choices]
        facts.append(
            "choices: " + ", ".join(f"`{value}`" + (f" ({words})" if words else "") for words, value in offered)
        )
    kept = "; an answer given below is kept for later" if "ask" in asked else ""
    facts.append(f"asked if `{when}`{kept}" if when else "always asked")
    return "\n\n".join([f"### `{name}` {{ #{name} }}", asked["help"].strip(), bullets(*facts)])


def promises(level: int) -> str:
    """What a rung promises."""
    found = [capability for capability in sources.capabilities() if capability.level == level]
    rows = [[link(one, "../reference/capabilities.md"), one.dimension, one.promise] for one in found]
    return table(["capability", "dimension", "promise"], rows)


def choices(level: int) -> str:
    """The questions that are asked from a rung on."""
    asked = {name: q for name, q in sources.questions().items() if f"level >= {level}" in str(q.get("ask"))}
    rows = [
        [f"[`{name}`](../reference/questions.md#{name})", q["help"], ", ".join(f"`{c}`" for c in q["choices"])]
        for name, q in asked.items()
    ]
    return table(["question", "", "choices, the default first"], rows)


def asks(level: int) -> str:
    """What a rung asks of people."""
    found = [one for one in sources.capabilities() if one.level == level and one.asks]
    return bullets(*(f"{link(one, '../reference/capabilities.md')}: {one.asks}" for one in found))


def yours(level: int) -> str:
    """The new files of a rung that belong to the user from then on."""
    files = [file.name for one in sources.capabilities() if one.level == level for file in one.files]
    return bullets(*(f"`{file}`" for file in files if is_seed(file, sources.seeds())))


def costs(level: int) -> str:
    """What a rung costs beside the one below it, and where that was measured."""
    measured = sources.figures()
    below, here = (next(r for r in measured["rungs"] if r["level"] == at) for at in (level - 1, level))
    rows = [
        ["environment on disk", f"{below['environment_mb']} MB", f"{here['environment_mb']} MB"],
        ["`uv sync`, packages in uv's cache", f"{below['sync_s']} s", f"{here['sync_s']} s"],
        ["first", *(f"`{rung['first']}`: {rung['first_s']} s" for rung in (below, here))],
        ["the project's own tests", f"{below['tests_s']} s", f"{here['tests_s']} s"],
    ]
    head = ["", f"level {level - 1}", f"level {level}"]
    when = f"Measured in {measured['when']} on {measured['machine']}, with the default choices."
    return f"{table(head, rows)}\n\nThe climb itself took {here['climb_s']} s. {when}"


WHOLE: dict[str, Callable[[], str]] = {
    "matrix": matrix,
    "capabilities": capabilities,
    "questions": questions,
    "commands": project.commands,
    "points": project.points,
    "interface": project.interface,
}
OF_A_RUNG: dict[str, Callable[[int], str]] = {
    "promises": promises,
    "choices": choices,
    "asks": asks,
    "yours": yours,
    "costs": costs,
    "new commands": project.new_commands,
}


def piece(name: str) -> str:
    """What the line `<!-- made: NAME -->` stands for; raises KeyError if nobody makes it."""
    kind, _, level = name.rpartition(" ")
    return OF_A_RUNG[kind](int(level)) if kind in OF_A_RUNG else WHOLE[name]()
