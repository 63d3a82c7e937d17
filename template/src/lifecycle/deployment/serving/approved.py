"""The policy of a project with approvals: only the champion answers.

Where there is no champion, or its files are not those that were approved, the server does not
start; one that is running keeps the version that it loaded, and /ready names the problem."""

from ...extensions import extends
from ...governance import approvals
from ...project import Failure, name
from .policies import Plan, Variant


@extends("policy", precedence=10)
def policy() -> Plan | None:
    version = approvals.champion()
    if version is None:
        raise Failure(
            "no approved version is champion, so no request can be answered: "
            f"`{name()} models approve VERSION --reason WHY`, then "
            f"`{name()} models alias champion VERSION`"
        )
    return Plan((Variant("champion", version),))
