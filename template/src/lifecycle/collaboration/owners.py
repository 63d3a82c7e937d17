"""Who answers for the model: OWNERS.yaml, read and checked."""

from collections.abc import Iterator

from ..extensions import extends
from ..maturity import Evidence
from ..project import Failure, read_yaml, root

ROLES = ("business", "data", "engineering")


def owners() -> dict[str, dict[str, str]]:
    """Name and contact of each role's owner; raises Failure if one is missing."""
    found = read_yaml(root() / "OWNERS.yaml")
    for role in ROLES:
        owner = found.get(role)
        for field in ("name", "contact"):
            if not isinstance(owner, dict) or not str(owner.get(field) or "").strip():
                raise Failure(f"OWNERS.yaml: {role} has no {field}; write it below `{role}:`")
    return {role: found[role] for role in ROLES}


@extends("evidence")
def evidence() -> Iterator[Evidence]:
    """C1: every role has an owner who can be reached."""
    try:
        contacts = [owner["contact"] for owner in owners().values()]
    except Failure as failure:
        yield Evidence("C1", "missing", str(failure), "edit OWNERS.yaml")
        return
    if any(contact.endswith(("@example.com", "@example.org")) for contact in contacts):
        detail = "OWNERS.yaml still has an example address"
        yield Evidence("C1", "missing", detail, "edit OWNERS.yaml")
        return
    yield Evidence("C1", "proven", "business, data and engineering have owners", "")
