"""Register versions of the model, approve or reject them, and assign aliases.

A version that passed the gate is registered with its files. A person approves or rejects it, with
a reason; the decision is a file in releases/ that is committed like code, so that reviewers and
CI see it. Only an approved version can become the champion, which answers requests.
`check` compares what is in releases/ with the audit trail (exit code 1 if they differ).

Examples:
  {name} models list
  {name} models register
  {name} models request VERSION --reason "Better in December"
  {name} models approve VERSION --reason "Better in every slice, see the report"
  {name} models reject VERSION --reason "Late flights of one carrier are missed"
  {name} models alias champion VERSION
  {name} models alias challenger --remove
  {name} models fetch VERSION
  {name} models check
"""

import json
from argparse import SUPPRESS, ArgumentParser, Namespace
from collections.abc import Callable
from typing import Any

from ..development import fingerprint, registry
from ..development.registry_entry import Entry
from ..extensions import extends
from ..project import Failure, name, table
from . import approvals, approvals_check, model_actions, trail

ACTIONS = {
    "list": "every version: registered, decided on, and where its files are",
    "register": "register a version that passed the gate, with its files",
    "request": "ask for a decision",
    "approve": "allow a version to answer requests",
    "reject": "refuse that",
    "alias": "assign an alias, such as champion, to an approved version",
    "fetch": "download the files of a version from the registry",
    "check": "compare releases/ with the audit trail",
}


@extends("command")
def command(parser: ArgumentParser) -> Callable[[Namespace], dict[str, Any]]:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for action, meaning in ACTIONS.items():
        options = actions.add_parser(action, help=meaning, description=meaning)
        if action == "alias":
            options.add_argument("alias", choices=approvals.known_aliases())
            options.add_argument(
                "--remove", action="store_true", help="take it away from every version"
            )
        if action not in ("list", "check"):
            may_lack = action in ("register", "alias")
            options.add_argument("version", metavar="VERSION", nargs="?" if may_lack else None)
        if action in ("request", "approve", "reject"):
            options.add_argument("--reason", required=True, help="why")
        if action in ("approve", "reject"):
            options.add_argument("--who", help="who decides, if not the person whom git knows")
        options.add_argument("--json", action="store_true", default=SUPPRESS, help=SUPPRESS)
    return run


def run(arguments: Namespace) -> dict[str, Any]:
    action: str = arguments.action
    version: Any = getattr(arguments, "version", None)
    if version is not None:
        approvals.decision_path(version)  # raises Failure if it can be no version
    if action == "list":
        return listed()
    if action == "check":
        return checked()
    if action == "register":
        return model_actions.register(version)
    if action == "fetch":
        return fetched(version)
    if action == "alias":
        if (version is None) != arguments.remove:
            raise Failure(f"give a version, or --remove: `{name()} models --help`")
        return model_actions.assign_alias(arguments.alias, version)
    if not arguments.reason.strip():
        raise Failure(f"a reason is needed: `{name()} models {action} {version} --reason TEXT`")
    if action == "request":
        return model_actions.request(version, arguments.reason)
    return model_actions.decide(action, version, arguments.reason, arguments.who)


def listed() -> dict[str, Any]:
    """Print every version that is here, registered or decided on."""
    from rich.console import Console

    from ..development import model

    try:
        kept = {entry.version: (entry, whole) for entry, whole in registry.entries()}
    except Failure as failure:
        print(f"the registry cannot be reached: {failure}")
        kept = {}
    versions = {*model.versions(), *kept, *approvals.decided()}
    requested = {act["version"] for act in trail.acts("request")}
    rows = []
    for version in sorted(versions, reverse=True):
        entry, whole = kept.get(version, (None, False))
        rows.append(row(version, entry, whole, version in requested))
    shown = table(rows)
    for column in shown.columns[:1]:
        column.no_wrap = True
    Console(markup=False).print(shown if rows else f"no version yet: `{name()} train`")
    return {"models": rows}


def row(version: str, entry: Entry | None, whole: bool, requested: bool) -> dict[str, Any]:
    """What is known of a version, for people."""
    aliases = [which for which, named in approvals.aliases().items() if named == version]
    waiting = "requested" if requested else ""
    decided = version in approvals.decided()
    here = fingerprint.folder(version).is_dir()
    altered = entry and here and fingerprint.model_sha256(version) != entry.sha256
    places = ["here, altered" if altered else "here"] if here else []
    places += [] if entry is None else ["in the registry" if whole else "lost by the registry"]
    tags = entry.tags if entry else {}
    score = json.loads(tags["metrics"])[tags["primary"]] if tags else None
    return {
        "version": version,
        "registered": entry.number if entry else "",
        "aliases": ", ".join(aliases),
        "decision": approvals.decision(version)["decision"] if decided else waiting,
        "metric": f"{tags['primary']} {score:.4g}" if score is not None else "",
        "files": ", ".join(places),
    }


def fetched(version: str) -> dict[str, Any]:
    """Download a version's files from the registry."""
    path = registry.fetch(version)
    print(f"{version} is in {path}")
    return {"version": version, "path": str(path)}


def checked() -> dict[str, Any]:
    """Print what is wrong with releases/."""
    found = approvals_check.problems()
    for problem in found:
        print(problem)
    print(f"releases/ is {'not ' if found else ''}intact; decisions: {len(approvals.decided())}")
    return {"problems": found, "exit_code": int(bool(found))}
