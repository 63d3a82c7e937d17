"""How the parts of a project find each other: a function that is marked extends a point.

    @extends("command")
    def command(parser): ...

marks it, in `src/lifecycle` or in your own package. Whoever offers a point calls
`extensions("command")`. Files are read as text, so a module that nobody needs is never imported,
and a function without the mark is never called by surprise.
"""

import difflib
import importlib
import importlib.util
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from .project import PACKAGE, Failure, settings

Function = TypeVar("Function", bound=Callable[..., Any])
MARK = re.compile(r"""^@(?:\w+\.)?extends\(\s*["'](\w+)["']""", re.M)
CALL = re.compile(r"""\b(?:extensions|places)\(\s*["'](\w+)["']""")


@dataclass(frozen=True)
class Place:
    """A file with a marked function, and the name to import it by."""

    path: Path
    module: str


def extends(point: str, precedence: int = 0) -> Callable[[Function], Function]:
    """Mark a function as an extension of a point; where order matters, the highest is first."""

    def mark(function: Function) -> Function:
        vars(function).setdefault("__extends__", {})[point] = precedence
        return function

    return mark


def extensions(point: str) -> list[Callable[..., Any]]:
    """The functions that extend a point, the highest precedence first, their modules imported."""
    found = [function for place in places(point) for function in marked(place, point)]
    return sorted(found, key=lambda function: -vars(function)["__extends__"][point])


def marked(place: "Place", point: str) -> list[Callable[..., Any]]:
    """The functions of a module that extend a point, in their order; the module is imported."""
    functions = vars(importlib.import_module(place.module)).values()
    return [
        function
        for function in functions
        if getattr(function, "__module__", "") == place.module
        and point in getattr(function, "__extends__", ())
    ]


def places(point: str) -> list[Place]:
    """Where a point is extended, by path; nothing is imported."""
    return marks().get(point, [])


@cache
def marks() -> dict[str, list[Place]]:
    """Every extended point with its places; raises Failure for a misspelt one."""
    texts = {place: place.path.read_text(encoding="utf-8") for place in files()}
    called = {point for text in texts.values() for point in CALL.findall(text)}
    found: dict[str, list[Place]] = {}
    for place, text in texts.items():
        for point in dict.fromkeys(MARK.findall(text)):
            if point not in called and (close := difflib.get_close_matches(point, called, n=1)):
                raise Failure(f"{place.path} extends {point!r}: did you mean {close[0]!r}?")
            found.setdefault(point, []).append(place)
    return found


def files() -> Iterator[Place]:
    """The modules of this package that the project's level and choices bring, and all of yours."""
    for package, folder in ((__package__, PACKAGE), yours()):
        left_out = others() if folder == PACKAGE else set()
        for path in sorted(set(folder.rglob("*.py")) - left_out):
            parts = path.relative_to(folder).with_suffix("").parts
            yield Place(path, ".".join((package, *parts)))


def others() -> set[Path]:
    """The modules here of other levels and choices: only an installed package has any.

    It lists them with what brings each in manifest.json; a project's own copy has none."""
    path, ours = PACKAGE / "manifest.json", settings()
    listed = json.loads(path.read_text(encoding="utf-8"))["files"] if path.exists() else {}
    return {
        PACKAGE / name
        for name, file in listed.items()
        if file["level"] > ours["level"]
        or not any(all(ours[q] in values for q, values in when.items()) for when in file["when"])
    }


def yours() -> tuple[str, Path]:
    """Your package and its folder; raises Failure if it is not there."""
    name = str(settings()["package"])
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise Failure(f"src/{name} is not installed: run `uv sync` in the project's folder")
    return name, Path(spec.submodule_search_locations[0])
