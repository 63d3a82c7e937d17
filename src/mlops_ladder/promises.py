"""What each rung promises and which commands it brings: levels/ in the form that a project reads.

`template/src/lifecycle/ladder.json` is made from levels/, the same at every level: the command `maturity` reads it, and
MATURITY.md is rendered from it. `pytest tests/test_levels.py --renew-golden` makes it anew."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from mlops_ladder import levels

FILE = Path("template/src/lifecycle/ladder.json")
PACKAGE = "src/lifecycle/"
COMMAND = re.compile(r"""^@extends\(\s*["']command["']""", re.M)


def document(root: Path) -> str:
    """The text of ladder.json for a template, a line for each promise."""
    capabilities = levels.read(root / "levels")
    names = {
        rung["level"]: rung["name"]
        for rung in (yaml.safe_load(path.read_text(encoding="utf-8")) for path in (root / "levels").glob("*.yml"))
    }
    rungs = []
    for level in sorted(names):
        here = [capability for capability in capabilities if capability.level == level]
        files = (file.name for capability in here for file in capability.files)
        rungs.append(_rung(level, names[level], sorted(filter(None, (_command(root, file) for file in files))), here))
    return '{"format": 1, "rungs": [\n' + ",\n".join(rungs) + "\n]}\n"


def write(root: Path) -> None:
    """Make ladder.json of a template anew."""
    (root / FILE).write_text(document(root), encoding="utf-8")


def manifest(root: Path) -> str:
    """What brings each module of `lifecycle`, for a package that is installed instead of copied: manifest.json.

    It is shipped in the wheel only. Of a project's copy, every module belongs to its level and choices."""
    files = {
        file.name.removeprefix(PACKAGE): {"level": capability.level, "when": file.when}
        for capability in levels.read(root / "levels")
        for file in capability.files
        if file.name.startswith(PACKAGE) and file.name.endswith(".py")
    }
    return json.dumps({"format": 1, "files": files}, indent=1) + "\n"


def _rung(level: int, name: str, commands: list[str], capabilities: list[levels.Capability]) -> str:
    promises = ",\n".join(
        "  " + _line({"id": one.id, "dimension": one.dimension, "capability": one.name, "promise": one.promise})
        for one in capabilities
        if one.dimension != "base"
    )
    head = _line({"level": level, "name": name, "commands": commands}).removesuffix("}")
    return f'{head}, "promises": [\n{promises}\n]}}'


def _line(values: Mapping[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False)


def _command(root: Path, file: str) -> str:
    """The name of the command that a file of the template brings, or nothing: scan_secrets.py is scan-secrets."""
    path = root / "template" / file
    if path.suffix != ".py" or not path.is_file() or not COMMAND.search(path.read_text(encoding="utf-8")):
        return ""
    return path.stem.replace("_", "-")
