"""Decisions of people on versions: written down in the audit trail, then as files in releases/."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .. import repository
from ..development import fingerprint, registry
from ..extensions import extends
from ..maturity import Evidence
from ..project import Failure, name, root, write_atomically
from ..repository import try_git
from . import approvals, audit

DECIDES = {"approve": "approved", "reject": "rejected"}


def decide(action: str, version: str, reason: str, who: str | None) -> dict[str, Any]:
    """Write down a decision: first in the trail, then as the file that counts.

    Cut off in between, nothing is approved yet, and the same command brings it to its end."""
    entry = registry.required(version)
    if fingerprint.folder(version).is_dir() and fingerprint.model_sha256(version) != entry.sha256:
        raise Failure(f"models/{version} is not what was registered: delete the folder")
    by = who or person()
    decision = {
        "version": version,
        "decision": DECIDES[action],
        "who": by,
        "why": reason,
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "self_approved": action == "approve" and by in makers(entry),
        "model_sha256": entry.sha256,
        "data_md5": entry.tags["data_md5"],
        "commit": entry.tags["commit"],
    }
    decision["audit_head"] = audit.record(action, version, **evidence_of(decision))
    write(approvals.file(version), decision)
    own = ", by one of those who made it" if decision["self_approved"] else ""
    print(f"{version} is {decision['decision']} by {by}{own}: commit releases/")
    if version in approvals.aliases().values():
        print(f"an alias names it: `{name()} models list`")
    return decision


def evidence_of(decision: dict[str, Any]) -> dict[str, Any]:
    """What the trail holds of a decision."""
    return {"by": decision["who"], **{key: decision[key] for key in ("why", "model_sha256")}}


def person() -> str:
    """Whom git knows: a decision needs a name."""
    if not (all(try_git("config", f"user.{part}") for part in ("name", "email"))):
        raise Failure("git knows no name: `git config user.name NAME` and `user.email ADDRESS`")
    return repository.person()


def makers(entry: registry.Entry) -> set[str]:
    """Who registered a version, and who wrote its commit."""
    author = try_git("show", "--no-patch", "--format=%an <%ae>", entry.tags["commit"] or "HEAD")
    return {entry.tags["who"], author or ""}


def alias(which: str, version: str | None = None) -> dict[str, Any]:
    """Let an alias name an approved version, or none: in the trail, the file that counts, MLflow.

    The registry comes last, because a champion must be exchangeable while it is down."""
    if version and version not in approvals.approved():
        raise Failure(f"{version} is not approved: `{name()} models approve {version}`")
    if version and fingerprint.folder(version).is_dir():
        approvals.check(version)
    now = approvals.aliases()
    acts = [act for act in audit.entries() if act["action"] == "alias"]
    if now.get(which) != version or not tells(acts, which, version):
        audit.record("alias", version or "", alias=which, before=now.get(which))
    after = {key: value for key, value in {**now, which: version}.items() if value}
    write(root() / "releases" / "aliases.yaml", after)
    print(f"{which}: {version or 'no version'}; commit releases/")
    try:
        registry.point(which, version)
    except Failure as failure:
        said = "releases/ says so now, the registry does not yet: repeat this later"
        raise Failure(f"{said} ({failure})") from None
    return {"aliases": after}


def tells(acts: list[dict[str, Any]], which: str, version: str | None) -> bool:
    """Whether the last act on an alias gave it to a version."""
    mine = [act["version"] for act in acts if act["details"]["alias"] == which]
    return (mine[-1] if mine else "") == (version or "")


def write(path: Path, values: dict[str, Any]) -> None:
    """A plain file under git."""
    import yaml

    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=100)
    write_atomically(path, text if values else "{}\n")


def problems() -> list[str]:
    """What is not whole in releases/, or not told by the trail."""
    try:
        acts = audit.entries()
        decisions = {version: approvals.decision(version) for version in approvals.decided()}
        aliases = approvals.aliases()
    except Failure as failure:
        return [str(failure)]
    found = []
    last = {act["version"]: act for act in acts if act["action"] in DECIDES}
    for version in sorted({*decisions, *last}):
        decision, act = decisions.get(version), last.get(version)
        if not (decision and act and backed(decision, act)):
            line = f"line {act['seq']} of the trail" if act else "the trail"
            found.append(f"releases/{version}.yaml does not say what {line} says: decide again")
    named = [act for act in acts if act["action"] == "alias"]
    for which in approvals.ALIASES:
        if not tells(named, which, aliases.get(which)):
            found.append(f"the trail does not say who made {aliases.get(which)} the {which}")
        elif which in aliases:
            found += refusal(aliases[which])
    return found


def backed(decision: dict[str, Any], act: dict[str, Any]) -> bool:
    """Whether a decision is the one that an act of the trail tells of."""
    same = decision["audit_head"] == act["hash"] and DECIDES[act["action"]] == decision["decision"]
    return same and act["details"] == evidence_of(decision)


def refusal(version: str) -> list[str]:
    """Why a version may not answer; its files need not be here."""
    if version not in approvals.approved():
        return [f"an alias names {version}, which is not approved"]
    try:
        if fingerprint.folder(version).is_dir():
            approvals.check(version)
    except Failure as failure:
        return [str(failure)]
    return []


@extends("evidence")
def evidence() -> Iterator[Evidence]:
    """G2a: the champion is approved, unaltered, and told by the trail."""
    champion = approvals.aliases().get("champion")
    if found := problems():
        yield Evidence("G2a", "missing", found[0], f"{name()} models check")
    elif not champion:
        step = f"{name()} models approve VERSION, then {name()} models alias champion VERSION"
        yield Evidence("G2a", "missing", "there is no approved champion", step)
    else:
        who = approvals.decision(champion)["who"]
        yield Evidence("G2a", "proven", f"{champion} answers, approved by {who}")
