"""A release packs the champion as it was approved, and every version that has an alias."""

from rich.console import Console

from ..deployment.release import Refused
from ..development import model, registry
from ..development.train import tables
from ..extensions import extends
from ..pages import write_page
from ..project import Failure, name, table
from . import approvals, approvals_check, audit, trail


@extends("release", precedence=10)
def release() -> str:
    """The champion, downloaded from the registry if it is not here.

    Raises Refused if the trail or releases/ was altered, or a version is not what was approved."""
    if problem := audit.problem():
        raise Refused(f"{trail.TRAIL}: {problem}")
    if found := approvals_check.problems():
        raise Refused("; ".join(found))
    champion = approvals.aliases().get("champion")
    if champion is None:
        raise Refused(
            f"no approved version is champion: `{name()} models approve VERSION --reason WHY`, "
            f"then `{name()} models alias champion VERSION`"
        )
    for version in set(approvals.aliases().values()):
        try:
            registry.fetch(version)
            approvals.check(version)
        except Failure as failure:
            raise Refused(str(failure)) from None
    describe(champion)
    return champion


def describe(version: str) -> None:
    """Write the page that is published: how good the model is, and who approved it and why."""
    decision = approvals.decision(version)
    console = Console(record=True, width=120, highlight=False, markup=False)
    console.print(table([{"approval": key, "": value} for key, value in decision.items()]))
    console.print(*tables(model.facts(version)))
    write_page("release", f"Release of {version}", console, decision)
