"""A clean merge can still be an invalid file: what a climb merged is parsed before anybody gets it."""

import json
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

YAML = (".yaml", ".yml")
STAGE_FILES = ("dvc.yaml", "*/dvc.yaml", "pipeline/*/dvc.yaml")


class Strict(yaml.SafeLoader):
    """YAML that takes no key twice and lets tags of other tools pass."""


def _mapping(loader: Strict, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
    keys = [
        key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge"
    ]
    for key, number in Counter(keys).items():
        if number > 1:
            raise yaml.YAMLError(f"the key {key} stands {number} times in one place (line {node.start_mark.line + 1})")
    return yaml.SafeLoader.construct_mapping(loader, node, deep)


def _construct(loader: Strict, node: yaml.MappingNode) -> Iterator[dict[Any, Any]]:
    # In two steps, so that an anchor inside the mapping can be resolved.
    data: dict[Any, Any] = {}
    yield data
    data.update(_mapping(loader, node))


def _unknown(loader: Strict, suffix: str, node: yaml.Node) -> Any:
    return None


Strict.add_constructor("tag:yaml.org,2002:map", _construct)
Strict.add_multi_constructor("!", _unknown)


def problems(folder: Path, paths: Iterable[str]) -> list[str]:
    """What is wrong with the merged files among `paths`, and with what must fit together in the project."""
    found = [problem for path in sorted(paths) for problem in _unreadable(folder, path)]
    if not found:
        found = [*_groups(folder), *_stages(folder)]
    return found


def _unreadable(folder: Path, path: str) -> Iterator[str]:
    try:
        if path.endswith(".toml"):
            tomllib.loads((folder / path).read_text(encoding="utf-8"))
        elif path.endswith(YAML):
            list(yaml.load_all((folder / path).read_text(encoding="utf-8"), Strict))
        elif path.endswith((".json", ".ipynb")):
            json.loads((folder / path).read_text(encoding="utf-8"))
    except (ValueError, yaml.YAMLError) as error:
        yield f"{path}: {' '.join(str(error).split())}"
    except (FileNotFoundError, NotADirectoryError):
        return


def _groups(folder: Path) -> Iterator[str]:
    """Groups of dependencies that are named and not there."""
    try:
        settings = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    groups = settings.get("dependency-groups", {})
    defaults = settings.get("tool", {}).get("uv", {}).get("default-groups", [])
    wanted = [(name, "tool.uv.default-groups") for name in ([] if isinstance(defaults, str) else defaults)]
    for group, items in groups.items():
        wanted += [(item["include-group"], f"the group {group}") for item in items if "include-group" in item]
    for name, where in wanted:
        if name not in groups:
            yield f"pyproject.toml: {where} names the group {name}, which is not there"


def _stages(folder: Path) -> Iterator[str]:
    """DVC stages of one name in two files, which no command could tell apart."""
    owners: dict[str, str] = {}
    for path in sorted(path for pattern in STAGE_FILES for path in folder.glob(pattern)):
        try:
            stages = yaml.safe_load(path.read_text(encoding="utf-8")).get("stages", {})
        except (ValueError, AttributeError, yaml.YAMLError):
            continue
        for name in stages or {}:
            here = path.relative_to(folder).as_posix()
            if name in owners:
                yield f"{here}: the stage {name} is in {owners[name]} too"
            owners.setdefault(name, here)
