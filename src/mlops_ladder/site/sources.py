"""What the site is made from: the ladder, the questions, the modules of a project, and the measured figures."""

import ast
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from mlops_ladder import levels

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "template" / "src" / "lifecycle"
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
    def code(self) -> str:
        """The text without docstrings and comments."""
        return ast.unparse(_without_docstrings(ast.parse(self.text)))

    @property
    def docstring(self) -> str:
        """What the module says of itself, in a project of the name "My model"."""
        return (ast.get_docstring(ast.parse(self.text)) or "").replace("{name}", "my-model")

    def defines(self, function: str) -> bool:
        """Whether it takes part in an extension point."""
        return re.search(rf'^@extends\("{function}"', self.text, re.M) is not None


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body[0] = ast.Pass()
    return tree


@cache
def rungs() -> dict[int, dict[str, Any]]:
    """The files in levels/ by rung, as they stand there."""
    read = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "levels").glob("*.yml")))
    return {rung["level"]: rung for rung in read}


@cache
def capabilities() -> list[levels.Capability]:
    """Every capability, lowest rung first."""
    return levels.read(ROOT / "levels")


@cache
def seeds() -> list[str]:
    """The patterns of the files that belong to the user once they are there."""
    return (ROOT / "levels" / "seeds.txt").read_text(encoding="utf-8").split()


@cache
def questions() -> dict[str, dict[str, Any]]:
    """What is asked, each with its `section` of copier.yml; answers that are worked out are left out.

    organization.yml, where a fork writes, overrides questions as it does for Copier."""
    found: dict[str, dict[str, Any]] = {}
    own = (ROOT / "copier.yml").read_text(encoding="utf-8").partition("--- !include")[0]
    _, *parts = re.split(r"^# --- (.+) ---$", own, flags=re.M)
    sections = {title: yaml.safe_load(text) or {} for title, text in zip(parts[::2], parts[1::2], strict=True)}
    overrides = yaml.safe_load((ROOT / "organization.yml").read_text(encoding="utf-8")) or {}
    known = {name for entries in sections.values() for name in entries}
    new = {name: entry for name, entry in overrides.items() if name not in known}
    for section, entries in [*sections.items(), ("Of the organization", new)]:
        for name, original in entries.items():
            entry = overrides.get(name, original)
            if not name.startswith("_") and entry.get("when") is not False:
                found[name] = {"section": section, **entry}
    return found


@cache
def modules() -> list[Module]:
    """The modules of a project that are plain Python, lowest rung first."""
    return [
        Module(PACKAGE / file.name.removeprefix("src/lifecycle/"), capability)
        for capability in capabilities()
        for file in capability.files
        if file.name.startswith("src/lifecycle/") and (PACKAGE / file.name.removeprefix("src/lifecycle/")).exists()
    ]


@cache
def figures() -> dict[str, Any]:
    """What benchmarks/rungs.py measured."""
    return dict(json.loads((ROOT / "docs" / "figures.json").read_text(encoding="utf-8")))
