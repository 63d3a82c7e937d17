"""Who answers for the model, and who may approve it: OWNERS.yaml, read and checked."""

from collections.abc import Iterable, Iterator
from typing import Annotated

from pydantic import ConfigDict, StringConstraints

from ..configuration import Settings, read
from ..extensions import extends
from ..maturity import Evidence
from ..project import Failure, root

Text = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"\S")]
ROLES = ("business", "data", "engineering")
EXAMPLES = ("@example.com", "@example.org")


class Person(Settings):
    """A person or a team, and how to reach them."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    name: Text
    contact: Text


class Owners(Settings):
    """What OWNERS.yaml holds; a project may name owners of other roles, too."""

    model_config = ConfigDict(extra="allow")

    business: Person
    data: Person
    engineering: Person
    approvers: tuple[Person, ...] = ()


def load_owners() -> Owners:
    """OWNERS.yaml; raises Failure, naming the line, if somebody is missing in it."""
    return read(Owners, root() / "OWNERS.yaml")


def owners() -> dict[str, dict[str, str]]:
    """Name and contact of each role's owner; raises Failure if one is missing."""
    return load_owners().model_dump(include=set(ROLES))


def approvers() -> tuple[Person, ...]:
    """Who may approve a model; raises Failure if nobody is named."""
    if found := load_owners().approvers:
        return found
    raise Failure("OWNERS.yaml names no approvers: list a name and a contact below `approvers:`")


def is_among(person: str, people: Iterable[Person]) -> bool:
    """Whether a person, written as `Name <address>`, is one of some people, by name or address."""
    name, _, address = person.rstrip(">").partition(" <")
    known = {text.casefold() for each in people for text in (each.name, each.contact)}
    return bool(known & {name.casefold(), address.casefold()})


@extends("evidence")
def evidence() -> Iterator[Evidence]:
    """C1: every role has an owner who can be reached, and somebody may approve a model."""
    try:
        found = load_owners()
        people = [found.business, found.data, found.engineering, *approvers()]
    except Failure as failure:
        yield Evidence("C1", "missing", str(failure), "edit OWNERS.yaml")
        return
    if any(person.contact.endswith(EXAMPLES) for person in people):
        detail = "OWNERS.yaml still has an example address"
        yield Evidence("C1", "missing", detail, "edit OWNERS.yaml")
        return
    detail = "business, data and engineering have owners, and approvers are named"
    yield Evidence("C1", "proven", detail)
