"""Say where a version of the model comes from, or which versions come from some data or commit.

The newest version is taken by default. Versions that are only in the registry are found too.

Examples:
  {name} lineage
  {name} lineage VERSION
  {name} lineage --data e13a90a2
  {name} lineage --commit 5fd3e363
"""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import Any

from .. import repository
from ..extensions import extends
from ..governance import approvals
from ..project import Failure, table
from ..repository import git
from . import fingerprint, registry, registry_entry


def kept(md5: str) -> dict[str, str] | None:
    """The commit whose dvc.lock holds a version of the data, and the path that it has there.

    The newest of them; None if no commit does."""
    import yaml

    if not repository.head():
        return None
    for commit in git("log", "--format=%H", f"-S{md5}", "--", "pipeline").split():
        listed = git("ls-tree", "-r", "--name-only", commit, "--", "pipeline").splitlines()
        for lock in (path for path in listed if path.endswith("/dvc.lock")):
            stages = yaml.safe_load(repository.content(commit, lock) or b"")["stages"]
            for out in (out for stage in stages.values() for out in stage.get("outs", [])):
                if out.get("md5") == md5:
                    return {"commit": commit, "lock": lock, "path": out["path"]}
    return None


def known() -> tuple[dict[str, dict[str, Any]], str | None]:
    """What each version was made from, by version, and why the registry is not seen, if so."""
    from . import model

    found: dict[str, dict[str, Any]] = {}
    problem = None
    try:
        for entry, whole in registry.entries():
            tags: dict[str, Any] = dict(entry.tags)
            tags |= {key: json.loads(tags[key]) for key in ("params", "metrics")}
            place = f"version {entry.number}{'' if whole else ', its files are lost'}"
            found[entry.version] = tags | {"registry": place}
    except Failure as failure:
        problem = str(failure)
    for version in model.versions():
        facts = model.facts(version)
        own = {"data_md5": facts["data"]["md5"], "commit": facts.get("commit") or ""}
        found[version] = found.get(version, {}) | facts | own
        found[version]["model_sha256"] = fingerprint.model_sha256(version)
    return found, problem


def lineage(version: str | None) -> dict[str, Any]:
    """The chain of a version, from the model to what it was made from and what became of it."""
    found, problem = known()
    version = version or max(found, default=None)
    if version not in found:
        raise Failure(f"{version or 'a model'} is neither in models/ nor in the registry")
    facts = found[version]
    chain = {
        "model": f"{version}, files {facts['model_sha256']}",
        "data": data(facts["data_md5"]),
        "code": code(facts),
        "parameters": json.dumps(facts["params"]),
        "environment": environment(facts),
        "metrics": json.dumps(facts["metrics"]),
        "run": tracked(version),
        "registry": problem or facts.get("registry", "not registered"),
        "decision": decided(version),
        "aliases": ", ".join(a for a, named in approvals.aliases().items() if named == version),
    }
    return {"version": version, **chain}


def data(md5: str) -> str:
    """A version of the data, and where it is kept."""
    place = kept(md5)
    if not place:
        return f"{md5}, in no dvc.lock of this branch"
    return f"{md5}, kept by {place['lock']} of commit {place['commit']}"


def code(facts: dict[str, Any]) -> str:
    """The commit, and whether it is all that the model was made from."""
    if not facts["commit"]:
        return "no commit"
    dirty = str(facts.get("dirty", True)).lower() != "false"
    return facts["commit"] + (", with changes that it does not hold" if dirty else "")


def environment(facts: dict[str, Any]) -> str:
    """The lock file of the commit, and the libraries that were loaded."""
    lock = registry_entry.lock_sha256(facts["commit"]) or facts.get("lock_sha256", "")
    packages = {"Python": facts.get("python", ""), **facts.get("packages", {})}
    shown = ", ".join(f"{package} {version}" for package, version in packages.items() if version)
    return ", ".join(filter(None, [f"uv.lock {lock}" if lock else "no uv.lock", shown]))


def tracked(version: str) -> str:
    """The run that the tracker holds of a version, if it is one of the last hundred."""
    from .tracking import tracker

    try:
        runs = tracker().runs(100)
    except Failure as failure:
        return str(failure)
    return next((str(run["id"]) for run in runs if run["version"] == version), "not found")


def decided(version: str) -> str:
    """Who decided what on a version, and why."""
    if version not in approvals.decided():
        return "none"
    decision = approvals.decision(version)
    return f"{decision['decision']} on {decision['when']} by {decision['who']}: {decision['why']}"


def made_from(md5: str, commit: str) -> list[dict[str, Any]]:
    """The versions from data and a commit whose hashes begin like these, newest first."""
    found, problem = known()
    if problem:
        print(f"only models/ is seen: {problem}")
    return [
        {
            "version": version,
            "data": facts["data_md5"],
            "commit": facts["commit"],
            "decision": decided(version).partition(" ")[0],
        }
        for version, facts in sorted(found.items(), reverse=True)
        if facts["data_md5"].startswith(md5) and facts["commit"].startswith(commit)
    ]


@extends("command")
def command(parser: ArgumentParser) -> Callable[[Namespace], dict[str, Any]]:
    parser.add_argument("version", nargs="?", metavar="VERSION", help="default: the newest")
    parser.add_argument("--data", metavar="MD5", default="", help="list what learned from this")
    parser.add_argument("--commit", default="", help="list what was made from this commit")
    return run


def run(arguments: Namespace) -> dict[str, Any]:
    if arguments.data or arguments.commit:
        models = made_from(arguments.data, arguments.commit)
        show(models or [{"": "no model was made from that"}])
        return {"models": models}
    chain = lineage(arguments.version)
    show([{"from": key, "what": text} for key, text in list(chain.items())[1:]])
    return chain


def show(rows: list[dict[str, Any]]) -> None:
    """Print a table without cutting a hash off."""
    from rich.console import Console

    shown = table(rows)
    for column in shown.columns:
        column.overflow = "fold"
    Console(markup=False).print(shown)
