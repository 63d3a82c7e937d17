"""What was decided on models is complete, and what the audit trail records; nobody altered that."""

import pytest

from lifecycle.governance import approvals, approvals_check, audit
from lifecycle.project import PACKAGE


@pytest.fixture(autouse=True)
def own_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROJECT_ROOT", str(PACKAGE.parents[1]))


def test_the_audit_trail_is_whole() -> None:
    assert audit.problem() is None


def test_decisions_and_aliases_are_those_of_the_trail() -> None:
    assert approvals_check.problems() == []


def test_every_alias_names_an_approved_version() -> None:
    assert set(approvals.aliases().values()) <= set(approvals.approved())
