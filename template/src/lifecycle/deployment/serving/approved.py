"""The policy of a project with approvals: the champion answers, and nothing else ever does.

Where there is no champion, or its files are not those that were approved, the server does not
start; one that runs goes on with the version that it loaded, and /ready names the problem."""

from ...extensions import extends
from ...governance import approvals
from ...project import Failure, name
from .policies import Plan, Variant


@extends("policy", precedence=10)
def policy() -> Plan | None:
    version = approvals.champion()
    if version is None:
        raise Failure(
            "no approved version is champion, so nobody may be answered: "
            f"`{name()} models approve VERSION --reason WHY`, then "
            f"`{name()} models alias champion VERSION`"
        )
    return Plan((Variant("champion", version),))
