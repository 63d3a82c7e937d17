"""What the modules of a generated project say of themselves: commands, extension points, the problem's interface."""

import ast
import re
from collections.abc import Iterator

from .sources import Module, modules, rungs


def commands() -> str:
    """Every command, by the rung that brings it."""
    lines: list[str] = []
    for level, rung in rungs().items():
        lines.append(f"## Level {level}: {rung['name']}")
        lines += [command(module) for module in of_level(level)]
    return "\n\n".join(lines)


def of_level(level: int) -> list[Module]:
    """The commands of a rung, by name."""
    found = [module for module in modules() if module.defines("command") and module.capability.level == level]
    return sorted(found, key=called)


def called(module: Module) -> str:
    """scan_secrets.py -> scan-secrets."""
    return module.path.stem.replace("_", "-")


def command(module: Module) -> str:
    """A command's part of the reference."""
    text, _, examples = module.docstring.partition("Examples:")
    shown = [line.strip() for line in examples.strip().splitlines()]
    lines = [f"### {called(module)}", text.strip(), "\n".join(["```console", *shown, "```"])]
    if found := list(options(module)):
        lines.append("\n".join(f"- `{name}`: {meaning}" for name, meaning in found))
    return "\n\n".join(lines)


def options(module: Module) -> Iterator[tuple[str, str]]:
    """The arguments that a command describes."""
    for node in ast.walk(ast.parse(module.text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add_argument":
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            name, meaning = node.args[0] if node.args else None, given.get("help")
            if isinstance(name, ast.Constant) and isinstance(meaning, ast.Constant):
                yield str(name.value), str(meaning.value)


def new_commands(level: int) -> str:
    """The commands that a rung brings, a line each."""
    lines = (f"- [`{called(m)}`](../reference/commands.md#{called(m)}): {summary(m)}" for m in of_level(level))
    return "\n".join(lines)


def summary(module: Module) -> str:
    """The first line of what a module says."""
    return module.docstring.partition("\n")[0]


def points() -> str:
    """Every extension point: what it promises, who calls it and who extends it."""
    callers: dict[str, list[Module]] = {}
    for module in modules():
        for point in dict.fromkeys(re.findall(r"\b(?:extensions|places)\(\s*[\"'](\w+)[\"']", module.code)):
            callers.setdefault(point, []).append(module)
    return "\n\n".join(point_entry(point, found) for point, found in sorted(callers.items()))


def point_entry(point: str, callers: list[Module]) -> str:
    """An extension point's part of the reference."""
    extending = [module for module in modules() if module.defines(point)]
    parts = [f"### `{point}`"]
    if extending:
        parts.append(f"```python\n{signature(point, extending[0])}\n```")
    parts.append(described(point, callers))
    called = ", ".join(f"`{module.name}` ({module.capability.level})" for module in callers)
    extended = ", ".join(f"`{module.name}` ({module.capability.level})" for module in extending)
    ending = f"Extended by {extended}." if extended else "Nothing in the template extends it so far."
    return "\n\n".join([*parts, f"Called by {called}. {ending} In brackets: the level that brings it."])


def signature(point: str, module: Module) -> str:
    """The first function of a module that extends a point: its mark and its definition."""
    for node in ast.parse(module.text).body:
        if isinstance(node, ast.FunctionDef):
            for mark in map(ast.unparse, node.decorator_list):
                if re.match(rf"extends\('{point}'", mark):
                    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
                    return f"@{mark}\ndef {node.name}({ast.unparse(node.args)}){returns}: ..."
    raise LookupError(f"{module.name} has no function with the mark of {point}")


def described(point: str, callers: list[Module]) -> str:
    """What the docstring that names a point says of it, in a module that calls it or in another."""
    for module in [*callers, *modules()]:
        for node in ast.walk(ast.parse(module.text)):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                text = ast.get_docstring(node) or ""
                if re.search(rf"\b{point}\(|@extends\([\"']{point}[\"']", text):
                    return text.partition("Examples:")[0].strip()
    raise LookupError(f"{callers[0].name} calls the extension point {point} and no docstring says what that is")


def interface() -> str:
    """What the template's code asks of the user's package."""
    text = next(module.docstring for module in modules() if module.name == "problem.py")
    names, _, rest = text.partition("\n\n")[2].partition("\n\n")
    return f"```text\n{names}\n```\n\n{rest}"
