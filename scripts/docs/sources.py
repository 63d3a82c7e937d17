"""What the site is made from: the ladder, the questions, the modules of a project, and the measured figures."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from mlops_ladder import levels

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "template" / "src" / "{{ package_name }}"
DIMENSIONS = ("data", "development", "deployment", "monitoring", "governance", "collaboration")


@dataclass(frozen=True)
class Module:
    """A module of a generated project, and the capability that brings it."""

    path: Path
    capability: levels.Capability

    @property
    def name(self) -> str:
        """deployment/predict.py."""
        return self.path.relative_to(PACKAGE).as_posix()

    @property
    def text(self) -> str:
        """The code."""
        return self.path.read_text(encoding="utf-8")

    @property
    def docstring(self) -> str:
        """What the module says of itself, in a project of the name "My model"."""
        return (ast.get_docstring(ast.parse(self.text)) or "").replace("{name}", "my-model")

    def defines(self, function: str) -> bool:
        """Whether it takes part in an extension point."""
        return f"\ndef {function}(" in self.text


@cache
def rungs() -> dict[int, dict[str, Any]]:
    """The files in levels/ by rung, as they stand there."""
    read = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "levels").glob("*.yml")))
    return {rung["level"]: rung for rung in read}


@cache
def capabilities() -> list[levels.Capability]:
    """Every capability, lowest rung first."""
    return levels.read(ROOT / "levels")


def asks(level: int) -> Iterator[tuple[str, str]]:
    """What a rung asks of people: a capability's id, and a sentence."""
    for entry in rungs()[level]["capabilities"]:
        if sentence := entry.get("asks"):
            yield entry["id"], sentence


@cache
def questions() -> dict[str, dict[str, Any]]:
    """What copier.yml asks, each with its `section`; answers that are worked out are left out."""
    found: dict[str, dict[str, Any]] = {}
    _, *parts = re.split(r"^# --- (.+) ---$", copier_yml(), flags=re.M)
    for section, text in zip(parts[::2], parts[1::2], strict=True):
        for name, entry in (yaml.safe_load(text) or {}).items():
            if not name.startswith("_") and entry.get("when") is not False:
                found[name] = {"section": section, **entry}
    return found


def copier_yml() -> str:
    """The questions' file without the organization's part, which overrides it."""
    return (ROOT / "copier.yml").read_text(encoding="utf-8").partition("--- !include")[0]


@cache
def modules() -> list[Module]:
    """The modules of a project that are plain Python, lowest rung first."""
    return [
        Module(PACKAGE / file.name.removeprefix("src/*/"), capability)
        for capability in capabilities()
        for file in capability.files
        if file.name.startswith("src/*/") and (PACKAGE / file.name.removeprefix("src/*/")).exists()
    ]


@cache
def figures() -> dict[str, Any]:
    """What benchmarks/rungs.py measured."""
    return dict(json.loads((ROOT / "docs" / "figures.json").read_text(encoding="utf-8")))
