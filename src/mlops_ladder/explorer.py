"""The ladder explorer: the page on which one chooses a level and a stack and sees what they bring.

Its facts come from levels/ and copier.yml alone; what it looks like and does stands in docs/assets/.
`write` puts it into a site's folder, `standalone` makes one page that opens from a file; neither needs a server:

    python -m mlops_ladder.explorer explorer.html
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from mlops_ladder.levels import Item, read

ROOT = Path(__file__).parents[2]
DATA = "explorer-data.js"
SCRIPTS = ("explorer-choice.js", "explorer-elements.js", "explorer-panels.js", "explorer.js")
STYLE = "explorer.css"
INTRODUCTION = (
    "Choose a level and your tools: the page shows what the project promises, which files and packages come, "
    "and what the next rung would add. The address keeps your choice, so that you can share it."
)
WITHOUT_SCRIPT = "This page needs JavaScript. What it shows is written in the template's folder levels/."
# The page asks no other host for anything.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
LABELS = {"ci": "CI"}
# What copier.yml works out from the path to the table; here one chooses it.
DATA_QUESTION = {
    "name": "data",
    "label": "Data",
    "choices": [
        {"value": "bundled", "label": "the flights that come along"},
        {"value": "own", "label": "your own table"},
    ],
    "default": "bundled",
    "gives": {"own": {"data_path": "/path/to/churn.csv", "target": "churned"}},
}


def document(root: Path = ROOT, source: str = "<url>") -> dict[str, Any]:
    """What the page knows: rungs, capabilities with what brings them, questions, and where the template lives."""
    asked = _asked(root)
    pitches = {level: label.partition(": ")[2] for label, level in _choices(asked["level"])}
    texts = (path.read_text(encoding="utf-8") for path in sorted((root / "levels").glob("*.yml")))
    # A fork may offer fewer rungs.
    rungs = [rung for rung in map(yaml.safe_load, texts) if rung["level"] in pitches]
    asks = {entry["id"]: entry.get("asks", "") for rung in rungs for entry in rung["capabilities"]}
    return {
        "source": source,
        "level": asked["level"]["default"],
        "rungs": [
            {
                "level": rung["level"],
                "name": rung["name"],
                "pitch": _sentence(pitches[rung["level"]]),
                "first": rung.get("first", ""),
            }
            for rung in rungs
        ],
        "capabilities": [
            {
                **{key: getattr(found, key) for key in ("id", "level", "name", "dimension", "promise", "proof")},
                "asks": asks[found.id],
                "requires": list(found.requires),
                "packages": [_item(item) for item in found.packages],
                "tools": [_item(item) for item in found.tools],
                "files": [_item(item) for item in found.files],
            }
            for found in read(root / "levels")
            if found.level in pitches
        ],
        "questions": _questions(asked, [rung["level"] for rung in rungs]),
    }


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _item(item: Item) -> dict[str, Any]:
    return {"name": item.name, "when": [{key: list(values) for key, values in one.items()} for one in item.when]}


def _asked(root: Path) -> dict[str, dict[str, Any]]:
    """The questions of copier.yml as organization.yml overrides them."""
    own = (root / "copier.yml").read_text(encoding="utf-8").partition("--- !include")[0]
    overridden = yaml.safe_load((root / "organization.yml").read_text(encoding="utf-8")) or {}
    return {name: entry for name, entry in (yaml.safe_load(own) | overridden).items() if not name.startswith("_")}


def _questions(asked: Mapping[str, dict[str, Any]], levels: list[int]) -> list[dict[str, Any]]:
    """The questions with a list of choices, those that can be switched later first."""
    found = [_question(name, entry, levels) for name, entry in asked.items() if "choices" in entry and name != "level"]
    own = DATA_QUESTION | {"help": asked["data_path"]["help"].partition("\n")[0], "switch": False, "levels": levels}
    return sorted([*found, own], key=lambda question: not question["switch"])


def _question(name: str, entry: Mapping[str, Any], levels: list[int]) -> dict[str, Any]:
    from jinja2 import Template

    asked = str(entry.get("ask", entry.get("when", True)))
    return {
        "name": name,
        "label": LABELS.get(name, _sentence(name.replace("_", " "))),
        "help": entry["help"],
        "choices": [{"value": value, "label": label} for label, value in _choices(entry)],
        "default": entry["default"],
        "gives": {},
        "switch": "level" in asked,
        "levels": [level for level in levels if Template(asked).render(level=level) == "True"],
    }


def _choices(entry: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Each choice's label and value."""
    choices = entry["choices"]
    return list(choices.items()) if isinstance(choices, dict) else [(str(value), value) for value in choices]


def data_script(source: str = "<url>") -> str:
    """The document as a script, because a page that is opened from a file may not fetch one."""
    # "<" would end the script's element if a text held "</script>".
    text = json.dumps(document(source=source), ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return f"window.ladder = {text};\n"


def write(folder: Path, source: str = "<url>") -> None:
    """Write explorer.md and what it needs into the folder of a site's pages; the site keeps explorer.md's name."""
    assets = folder / "assets"
    assets.mkdir(parents=True, exist_ok=True)
    for name in (*SCRIPTS, STYLE):
        (assets / name).write_text(_asset(name), encoding="utf-8")
    (assets / DATA).write_text(data_script(source), encoding="utf-8")
    scripts = "\n".join(f'<script src="assets/{name}"></script>' for name in (DATA, *SCRIPTS))
    page = f"""---
hide: [toc]
---

# Ladder explorer

{INTRODUCTION}

<link rel="stylesheet" href="assets/{STYLE}">
<div id="explorer-app">{WITHOUT_SCRIPT}</div>
{scripts}
"""
    (folder / "explorer.md").write_text(page, encoding="utf-8")


def standalone(source: str = "<url>") -> str:
    """The page as one HTML text without a reference to another file."""
    scripts = [data_script(source), *map(_asset, SCRIPTS)]
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<title>Ladder explorer - MLOps Ladder</title>
<style>{_asset(STYLE)}</style>
<main>
<h1>Ladder explorer</h1>
<p>{INTRODUCTION}</p>
<div id="explorer-app">{WITHOUT_SCRIPT}</div>
</main>
{"".join(f"<script>{text}</script>" for text in scripts)}
</html>
"""


def _asset(name: str) -> str:
    return (ROOT / "docs" / "assets" / name).read_text(encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make the ladder explorer as one HTML file.")
    parser.add_argument("file", type=Path)
    parser.parse_args().file.write_text(standalone(), encoding="utf-8")
