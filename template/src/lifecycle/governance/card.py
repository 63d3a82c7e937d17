"""Bring the facts in MODEL_CARD.md up to date, or name the sections that people left empty.

A module adds to the facts by

    @extends("section")
    def section(facts: dict[str, Any]) -> Iterator[tuple[str, list[str]]]

which is called with the facts of the newest version, as in its model.json, and yields titles with
the lines of Markdown below them. The highest precedence comes first.

Examples:
  {name} card
  {name} card --check
"""

import re
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..collaboration.owners import owners
from ..extensions import extends, extensions
from ..maturity import Evidence
from ..project import Failure, name, root, write_atomically

SECTIONS = ("Purpose", "Not meant for", "Data", "Limits and risks", "Human oversight", "Review")
FORMAT = 1  # of the facts between the two marks
FACTS = re.compile(r"<!-- facts(?:, format (\d+))? -->\n(.*)<!-- end of facts -->", re.DOTALL)
Section = tuple[str, list[str]]
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
UNFINISHED = re.compile(r"\W*(to ?do|tbd|tba|fixme|xxx|n/?a|none|lorem ipsum.*)?\W*", re.I | re.S)


def card_path() -> Path:
    """The model card: people's sections, and the facts between two marks."""
    return root() / "MODEL_CARD.md"


def gaps(text: str) -> list[str]:
    """What is missing from a card."""
    parts = re.split(r"^## +(.+?) *$", COMMENT.sub("", FACTS.sub("## Facts\n", text)), flags=re.M)
    written = dict(zip(parts[1::2], parts[2::2], strict=True))
    missing = [f"{s}: there is no such section" for s in SECTIONS if s not in written]
    missing += [
        f"{section}: nothing is written there"
        for section in SECTIONS
        if section in written and UNFINISHED.fullmatch(written[section])
    ]
    facts = FACTS.search(text)
    if not (facts and facts[2].strip()):
        missing.append(f"Facts: run `{name()} card` after a training")
    try:
        owners()
    except Failure as failure:
        missing.append(f"Owners: {failure}")
    return missing


def facts_text(facts: dict[str, Any]) -> str:
    """What is known of a version, as Markdown: the sections of all extensions of `section`."""
    lines = ["## Facts"]
    for section in extensions("section"):
        for title, text in section(facts):
            lines += [f"### {title}", *text] if title else text
    return "\n".join([*lines, ""])


@extends("section", precedence=30)
def origin(facts: dict[str, Any]) -> Iterator[Section]:
    """What the version was made from, and who answers for it."""
    data = facts["data"]
    packages = {"Python": facts["python"], **facts["packages"]}
    made_from = {
        "version": facts["version"],
        "trained": facts["created"],
        "predicts": f"{facts['target']} ({facts['problem_type']})",
        "data": f"{data['path']}, {data['rows']} rows, version {data['md5']}",
        "held out": f"{data['test_rows']} rows, {data['split']}",
        "code": f"{facts['commit']}{' with changes' if facts['dirty'] else ''}",
        "parameters": ", ".join(f"{key}: {value}" for key, value in facts["params"].items()),
        "environment": ", ".join(f"{library} {version}" for library, version in packages.items()),
    }
    yield "", table(["", ""], [list(item) for item in made_from.items()])
    rows = [[role, *owner.values()] for role, owner in owners().items()]
    yield "Owners", table(["", "owner", "contact"], rows)


@extends("section", precedence=20)
def results(facts: dict[str, Any]) -> Iterator[Section]:
    """The metrics on the held-out rows, beside the baseline's, and by group."""
    metrics, baseline = facts["metrics"], facts["baseline"]
    scores = [[name, f"{it:.4g}", f"{baseline[name]:.4g}"] for name, it in metrics.items()]
    yield "Results on held-out rows", table(["metric", "model", "baseline"], scores)
    for column, groups in facts["groups"].items():
        rows = [
            [value, str(of["rows"]), *(f"{of[m]:.4g}" if m in of else "" for m in metrics)]
            for value, of in groups.items()
        ]
        yield f"Results by {column}", table([column, "rows", *metrics], rows)


@extends("section", precedence=10)
def features(facts: dict[str, Any]) -> Iterator[Section]:
    """The columns that the model takes, and what it saw of them."""
    columns = [
        [it["name"], it["type"], "may be missing" if it["nullable"] else "", values(it)]
        for it in facts["schema"]
    ]
    yield "Features", table(["name", "type", "", "seen"], columns)


def values(column: dict[str, Any]) -> str:
    """What was seen of a column."""
    if column["categories"]:
        return ", ".join(column["categories"][:12]) + (" ..." if column["categories"][12:] else "")
    return "" if column["minimum"] is None else f"{column['minimum']} to {column['maximum']}"


def table(header: list[str], rows: list[list[str]]) -> list[str]:
    """The lines of a Markdown table, with an empty line before and after."""
    cells = [[str(cell).replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    lines = [f"| {' | '.join(row)} |" for row in [header, ["---"] * len(header), *cells]]
    return ["", *lines, ""]


def write_facts() -> None:
    """Bring the facts up to those of the newest version; raises Failure for a newer format."""
    from ..development import model

    text, version = card_path().read_text(encoding="utf-8"), model.latest()
    found = FACTS.search(text)
    if found and int(found[1] or FORMAT) > FORMAT:
        raise Failure("the facts in MODEL_CARD.md are a newer template's: climb to it first")
    block = (
        f"<!-- facts, format {FORMAT} -->\n{facts_text(model.facts(version))}<!-- end of facts -->"
    )
    text = FACTS.sub(lambda _: block, text) if found else f"{text}\n{block}\n"
    write_atomically(card_path(), text)
    print(f"the facts in {card_path()} are those of {version}")


@extends("evidence")
def evidence() -> Iterator[Evidence]:
    """G1a: people finished the card, and its facts are those of the newest model."""
    from ..development import model

    text = card_path().read_text(encoding="utf-8") if card_path().exists() else ""
    missing, versions = gaps(text), model.versions()
    if missing:
        empty = ", ".join(gap.partition(":")[0] for gap in missing)
        yield Evidence("G1a", "missing", f"MODEL_CARD.md lacks: {empty}", "edit MODEL_CARD.md")
    elif versions and versions[-1] not in text:
        detail = f"MODEL_CARD.md does not describe {versions[-1]}"
        yield Evidence("G1a", "missing", detail, f"{name()} card")
    else:
        yield Evidence("G1a", "proven", "MODEL_CARD.md is complete")


@extends("command")
def command(parser: ArgumentParser) -> Callable[[Namespace], dict[str, Any]]:
    parser.add_argument("--check", action="store_true", help="only look; exit code 1 if unfinished")

    def run(arguments: Namespace) -> dict[str, Any]:
        if not card_path().exists():
            raise Failure("there is no MODEL_CARD.md: bring it back with `git checkout`")
        if not arguments.check:
            write_facts()
        missing = gaps(card_path().read_text(encoding="utf-8"))
        for gap in missing:
            print(f"MODEL_CARD.md: {gap}")
        return {"missing": missing, "exit_code": 1 if arguments.check and missing else 0}

    return run
