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
    """The functions by which a module takes part, who asks for them and who has them."""
    askers: dict[str, Module] = {}
    for module in modules():
        for point in re.findall(r'\b(?:extensions|places)\("(\w+)"\)', module.text):
            askers.setdefault(point, module)
    return "\n\n".join(point_entry(point, asker) for point, asker in sorted(askers.items()))


def point_entry(point: str, asker: Module) -> str:
    """An extension point's part of the reference."""
    taking_part = [module for module in modules() if module.defines(point)]
    named = ", ".join(f"`{module.name}` ({module.capability.level})" for module in taking_part)
    return "\n\n".join(
        [
            f"### `{point}`",
            f"```python\n{signature(point, taking_part[0])}\n```",
            told(point, asker),
            f"Asked for by `{asker.name}`, from level {asker.capability.level} on. "
            f"Has it, with the level that brings it: {named}.",
        ]
    )


def signature(function: str, module: Module) -> str:
    """How a module defines a function."""
    found = next(n for n in ast.parse(module.text).body if isinstance(n, ast.FunctionDef) and n.name == function)
    return f"def {function}({ast.unparse(found.args)}) -> {ast.unparse(found.returns)}" if found.returns else function


def told(point: str, asker: Module) -> str:
    """What the module that asks says of the point, in the docstring that names it."""
    for node in ast.walk(ast.parse(asker.text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            text = ast.get_docstring(node) or ""
            if re.search(rf"\b{point}\(", text) or getattr(node, "name", "").lower() == point:
                return text.partition("Examples:")[0].strip()
    raise LookupError(f"{asker.name} asks for {point} and does not say what that is")


def interface() -> str:
    """What the template's code asks of the user's package."""
    text = next(module.docstring for module in modules() if module.name == "problem.py")
    names, _, rest = text.partition("\n\n")[2].partition("\n\n")
    return f"```text\n{names}\n```\n\n{rest}"
