"""What people do with a version: register it, ask for a decision, decide, assign an alias.

Each act is recorded in the audit trail first, and then takes effect as a file in releases/. If it
is interrupted in between, nothing is approved yet, and repeating the command completes it.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .. import repository
from ..collaboration.owners import approvers, is_among
from ..development import fingerprint, registry
from ..development.registry_entry import Entry
from ..project import Failure, name, root, write_atomically
from ..repository import try_git
from . import approvals, trail
from .approvals_check import alias_given, decision_details


def register(version: str | None = None) -> dict[str, Any]:
    """Keep a version that passed the gate, the newest by default."""
    from ..development import model

    version = version or model.latest()
    passed(version)
    with trail.turn("registry", 60):
        entry = registry.register(version, trail.who())
        if not trail.acts("register", version):
            trail.record("register", version, number=entry.number, model_sha256=entry.sha256)
    done = {"name": name(), "number": entry.number, "run": entry.run, **entry.tags}
    write_atomically(root() / "reports" / "registered.json", json.dumps(done, indent=2))
    print(f"{version} is registered as version {entry.number} of {name()}")
    print(f"approve it with `{name()} models approve {version} --reason WHY`")
    return done


def passed(version: str) -> None:
    """Raise Failure unless the last run of the gate was on this version and passed it."""
    path = root() / "reports" / "gate.json"
    gate = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if gate.get("version") != version or gate.get("passed") is not True:
        found = "is stopped by" if gate.get("version") == version else "did not go through"
        raise Failure(f"{version} {found} the gate: see reports/, then `{name()} gate {version}`")


def request(version: str, reason: str) -> dict[str, Any]:
    """Ask for a decision on a registered version."""
    registry.required(version)
    trail.record("request", version, why=reason)
    print(f"the request is recorded in {trail.TRAIL}: commit it, so that somebody else can decide")
    return {"version": version, "why": reason}


def decide(action: str, version: str, reason: str, who: str | None) -> dict[str, Any]:
    """Approve or reject a version; `who` decides, by default the person whom git knows."""
    entry = registry.required(version)
    if fingerprint.folder(version).is_dir() and fingerprint.model_sha256(version) != entry.sha256:
        raise Failure(f"models/{version} is not what was registered: delete the folder")
    by = who or person()
    if action == "approve":
        warn_unless_approver(by)
    decision = {
        "format": approvals.FORMAT,
        "version": version,
        "decision": approvals.DECISIONS[action],
        "who": by,
        "why": reason,
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "self_approved": action == "approve" and by in makers(entry),
        "model_sha256": entry.sha256,
        "data_md5": entry.tags["data_md5"],
        "commit": entry.tags["commit"],
    }
    decision["audit_head"] = trail.record(action, version, **decision_details(decision))
    write(approvals.decision_path(version), decision)
    own = ", by one of those who made it" if decision["self_approved"] else ""
    print(f"{version} is {decision['decision']} by {by}{own}: commit releases/")
    if version in approvals.aliases().values():
        print(f"it has an alias, see `{name()} models list`")
    return decision


def warn_unless_approver(person: str) -> None:
    """Print a warning if OWNERS.yaml does not name a person as approver."""
    try:
        if not is_among(person, approvers()):
            print(f"look: {person} is not among the approvers in OWNERS.yaml")
    except Failure as failure:
        print(f"look: nobody knows who may approve: {failure}")


def person() -> str:
    """The person whom git knows; raises Failure if it lacks the name or the address."""
    if not all(try_git("config", f"user.{part}") for part in ("name", "email")):
        raise Failure(
            "git does not know who you are: `git config user.name NAME` and `user.email ADDRESS`"
        )
    return repository.person()


def makers(entry: Entry) -> set[str]:
    """Who registered a version, and who wrote its commit."""
    author = try_git("show", "--no-patch", "--format=%an <%ae>", entry.tags["commit"] or "HEAD")
    return {entry.tags["who"], author or ""}


def assign_alias(which: str, version: str | None = None) -> dict[str, Any]:
    """Assign an alias to an approved version, or to none.

    The registry comes last: people must be able to replace the champion while it is down."""
    if version:
        approvals.check(version, files=False)
    now = approvals.aliases()
    if now.get(which) != version or not alias_given(trail.entries(), which, version):
        trail.record("alias", version or "", alias=which, before=now.get(which))
    after = {key: value for key, value in {**now, which: version}.items() if value}
    write(approvals.aliases_path(), {"format": approvals.FORMAT, **after})
    print(f"{which}: {version or 'no version'}; commit releases/")
    try:
        registry.point(which, version)
    except Failure as failure:
        later = "releases/ is up to date, the registry is not yet: repeat this later"
        raise Failure(f"{later} ({failure})") from None
    return {"aliases": after}


def write(path: Path, values: dict[str, Any]) -> None:
    """Write a file of releases/, for git to keep."""
    import yaml

    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=100)
    write_atomically(path, text)
