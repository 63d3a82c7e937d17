"""The ladder as data: what levels/*.yml say of rungs, capabilities, files and packages."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Item:
    """A file or a package, and the sets of choices that bring it (`when`: question -> values)."""

    name: str
    when: tuple[Mapping[str, tuple[Any, ...]], ...] = ({},)

    def applies(self, answers: Mapping[str, Any]) -> bool:
        """Whether all choices of one of the sets are among the answers."""
        return any(all(answers[key] in values for key, values in choices.items()) for choices in self.when)


@dataclass(frozen=True)
class Capability:
    """One promise of a rung, with what keeps it, and what it asks of people."""

    id: str
    level: int
    name: str
    dimension: str
    promise: str
    proof: str
    requires: tuple[str, ...]
    packages: tuple[Item, ...]
    tools: tuple[Item, ...]
    files: tuple[Item, ...]
    asks: str = ""


def read(folder: Path) -> list[Capability]:
    """Every capability of the ladder in `folder`, lowest rung first; raises KeyError for an entry that lacks a part."""
    return [capability for path in sorted(folder.glob("*.yml")) for capability in _rung(path)]


def first_commands(folder: Path) -> dict[int, str]:
    """Each rung's first command: the one that brings the first evidence after arriving there."""
    rungs = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.yml")))
    return {rung["level"]: rung["first"] for rung in rungs if "first" in rung}


def _rung(path: Path) -> Iterator[Capability]:
    rung = yaml.safe_load(path.read_text(encoding="utf-8"))
    for entry in rung["capabilities"]:
        yield Capability(
            level=rung["level"],
            requires=tuple(entry["requires"]),
            packages=_items(entry["packages"], "package"),
            tools=_items(entry["tools"], "package"),
            files=_items(entry["files"], "path"),
            asks=entry.get("asks", ""),
            **{key: entry[key] for key in ("id", "name", "dimension", "promise", "proof")},
        )


def _items(entries: list[Any], key: str) -> tuple[Item, ...]:
    return tuple(_item(entry if isinstance(entry, dict) else {key: entry}, key) for entry in entries)


def _item(entry: dict[str, Any], key: str) -> Item:
    when = entry.get("when", {})
    sets = [when] if isinstance(when, dict) else when
    return Item(entry[key], tuple({q: (v,) if isinstance(v, str) else tuple(v) for q, v in s.items()} for s in sets))
