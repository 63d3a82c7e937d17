"""Hold HEAD against the last release: what projects were promised then must hold for them now.

Exit code 0: every promise is kept, or nothing was released yet. 1: each break is named, with how to mend it.
2: it cannot be looked at. docs/decisions/0027-releases.md says what is promised.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

from unpacked import Template, choices
from versions import GitError, last_release

from mlops_ladder import levels

# Where a project's files come from: with another value, every file of every project moves.
PLACES = ("_answers_file", "_exclude", "_skip_if_exists", "_subdirectory", "_templates_suffix")
# They run code, so that people would have to trust the template.
UNSAFE = ("_jinja_extensions", "_migrations", "_tasks")
NAMES = {"project_name": "Promise", "package_name": "package"}
ROLES = {"target": "label", "time_column": "day", "id_column": "key", "sensitive_columns": ["sex"]}
DATA: list[dict[str, Any]] = [{}, {"data_path": "own.csv", "target": "label"}, {"data_path": "own.csv", **ROLES}]


def is_switch(name: str, question: Mapping[str, Any]) -> bool:
    """Whether people may change the answer later: the level, and what is asked from some level on."""
    return name == "level" or any("level" in str(question.get(key, "")) for key in ("ask", "when"))


def paths(old: Template, new: Template) -> Iterator[str]:
    """A released path stays, and stays for everybody who has it."""
    for path, (level, file) in old.claims.items():
        if path not in new.files or path not in new.claims:
            yield f"{path} is gone, so an update deletes it with its edits: bring it back in template/ and levels/."
            continue
        new_level, new_file = new.claims[path]
        for answers in situations(old, new, file, new_file):
            had = level <= answers["level"] and file.applies(answers)
            if had and not (new_level <= answers["level"] and new_file.applies(answers)):
                those = ", ".join(f"{name}={value}" for name, value in answers.items())
                yield f"{path} no longer comes with {those}, so an update deletes it: bring it there again (levels/)."
                break


def situations(old: Template, new: Template, *files: levels.Item) -> Iterator[dict[str, Any]]:
    """Every combination of answers of old projects that decides whether one of these files comes."""
    mentioned: dict[str, list[Any]] = {"level": []}
    for name, those in (pair for file in files for when in file.when for pair in when.items()):
        mentioned.setdefault(name, []).extend(those)
    possible = []
    for name, values in mentioned.items():
        if name in old.questions:
            possible.append(choices(old.questions[name]) or [*dict.fromkeys(values), "anything else"])
        else:  # a new question: whoever updates gets its default
            possible.append([new.questions.get(name, {}).get("default", "anything else")])
    return (dict(zip(mentioned, answers, strict=True)) for answers in product(*possible))


def questions(old: Template, new: Template) -> Iterator[str]:
    """A question keeps its name, its type and its choices; what shaped a project at birth keeps its default."""
    for name, before in old.questions.items():
        now = new.questions.get(name)
        if now is None:
            yield f"The question {name} is gone, so projects lose their answer: ask it again."
            continue
        kind = before.get("type", "yaml")
        if now.get("type", "yaml") != kind:
            yield f"The question {name} has another type, so recorded answers are refused: make it {kind}."
        lost = [value for value in choices(before) if value not in choices(now)] if choices(now) else []
        if lost:
            yield f"The question {name} no longer takes {lost}, so projects with it cannot be updated: add it again."
        if choices(now) and not choices(before):
            yield f"The question {name} took anything and now has choices, so recorded answers are refused: drop them."
        if not is_switch(name, before) and before.get("default") != now.get("default"):
            yield f"The question {name} has another default, which projects had without a record: put it back."


def settings(old: Template, new: Template) -> Iterator[str]:
    """Files stay in their place, nothing asks for trust, and a capability keeps its id."""
    for name in PLACES:
        if old.settings.get(name) != new.settings.get(name):
            yield f"The setting {name} changed, so files of projects move or go: put it back."
    for name in UNSAFE:
        if name in new.settings and name not in old.settings:
            yield f"The setting {name} runs code, so every project must trust the template: do without."
    for gone in sorted({entry.id for entry in old.capabilities} - {entry.id for entry in new.capabilities}):
        yield f"The capability {gone} is gone, which scorecards and documents name: bring its id back."


def lived(old: Template, new: Template) -> Iterator[str]:
    """What a project recorded is still asked, accepted and recorded, and its seeds have the text that they had."""
    for path in sorted((old.seeds - new.seeds) & set(new.claims)):
        yield f"{path} is no longer a seed, though people own it: bring its pattern back to levels/seeds.txt."
    changed = {path for path in old.seeds & set(new.files) if old.source(path) != new.source(path)}
    for template in (old, new):
        template.keep({".copier-answers.yml", *changed})
    from copier.errors import CopierError
    from jinja2.exceptions import TemplateError

    told: set[str] = set()
    for number, answers in enumerate(trials(old.questions, thorough=bool(changed))):
        had, recorded = old.render(answers, old.folder.parent / f"old-{number}")
        try:
            has, kept = new.render(recorded, new.folder.parent / f"new-{number}")
        except (ValueError, CopierError, TemplateError) as error:
            why = " ".join(str(error).split())
            found = {why: f"Projects can no longer be made with their answers ({why}): accept them again."}
        else:
            forgotten = [name for name in recorded if kept.get(name) != recorded[name] and name in new.questions]
            found = {n: f"The question {n} is not asked of all who answered it: widen its `when`." for n in forgotten}
            other = [path for path in had if has.get(path) != had[path]]
            found |= {p: f"{p} is a seed and has another text: put it back, and bring a new file." for p in other}
        yield from (text for key, text in found.items() if key not in told)
        told.update(found)


def trials(asked: Mapping[str, dict[str, Any]], thorough: bool) -> Iterator[dict[str, Any]]:
    """Answers of old projects: every rung with each kind of data; to be thorough, every pair of choices on the top."""
    from allpairspy import AllPairs

    for level, data in product(choices(asked["level"]), DATA):
        yield {**NAMES, "level": level, **data}
    options = {name: choices(entry) for name, entry in asked.items() if choices(entry) and name != "level"}
    for *answers, data in AllPairs([*options.values(), DATA]) if thorough else []:
        yield {**NAMES, "level": max(choices(asked["level"])), **dict(zip(options, answers, strict=True)), **data}


def promise(old_ref: str, new_ref: str) -> list[str]:
    """Every break of what `old_ref` promised, in `new_ref`."""
    with tempfile.TemporaryDirectory() as folder:
        old, new = Template(old_ref, Path(folder) / "old"), Template(new_ref, Path(folder) / "new")
        return [*paths(old, new), *questions(old, new), *settings(old, new), *lived(old, new)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--since", metavar="TAG", help="the release to hold HEAD against (default: the last one)")
    since = parser.parse_args().since
    try:
        since = since or last_release()
        if since is None:
            print("no release yet: nothing was promised")
            return 0
        breaks = promise(since, "HEAD")
    except GitError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print("\n".join(breaks) or f"every promise of {since} is kept")
    return bool(breaks)


if __name__ == "__main__":
    sys.exit(main())
