"""Whether the decisions and aliases in releases/ are those that the audit trail records."""

from collections.abc import Iterator
from typing import Any

from ..extensions import extends
from ..maturity import Evidence
from ..project import Failure, name
from . import approvals, trail


def problems() -> list[str]:
    """What is incomplete in releases/ or differs from the trail, one sentence each."""
    try:
        acts = trail.entries()
        decisions = {version: approvals.decision(version) for version in approvals.decided()}
        aliases = approvals.aliases()
    except Failure as failure:
        return [str(failure)]
    found = []
    last = {act["version"]: act for act in acts if act["action"] in approvals.DECISIONS}
    for version in sorted({*decisions, *last}):
        decision, act = decisions.get(version), last.get(version)
        if not (decision and act and matches(decision, act)):
            line = f"line {act['seq']} of the trail" if act else "the trail"
            found.append(f"releases/{version}.yaml differs from {line}: decide again")
    for which in approvals.known_aliases():
        if not alias_given(acts, which, aliases.get(which)):
            found.append(
                f"{which}: {aliases.get(which) or 'no version'} is not what the trail says last"
            )
        elif which in aliases:
            try:
                approvals.check(aliases[which], files=False)
            except Failure as failure:
                found.append(str(failure))
    return found


def matches(decision: dict[str, Any], act: dict[str, Any]) -> bool:
    """Whether a decision is the one that an act of the trail records."""
    same = (
        decision["audit_head"] == act["hash"]
        and approvals.DECISIONS[act["action"]] == decision["decision"]
    )
    return same and act["details"] == decision_details(decision)


@extends("evidence")
def evidence() -> Iterator[Evidence]:
    """G2a: the champion is approved, unaltered and in the trail."""
    if found := problems():
        yield Evidence("G2a", "missing", found[0], f"{name()} models check")
    elif not (champion := approvals.aliases().get("champion")):
        step = f"{name()} models approve VERSION, then {name()} models alias champion VERSION"
        yield Evidence("G2a", "missing", "there is no approved champion", step)
    else:
        who = approvals.decision(champion)["who"]
        yield Evidence("G2a", "proven", f"{champion} answers, approved by {who}")


def decision_details(decision: dict[str, Any]) -> dict[str, Any]:
    """What the trail records of a decision."""
    return {"by": decision["who"], **{key: decision[key] for key in ("why", "model_sha256")}}


def alias_given(acts: list[dict[str, Any]], which: str, version: str | None) -> bool:
    """Whether an alias was last assigned to a version; None stands for no version."""
    given = [act for act in acts if act["action"] == "alias" and act["details"]["alias"] == which]
    return (given[-1]["version"] if given else "") == (version or "")
