"""OWNERS.yaml names somebody for each role and for approvals; what is missing is named by its key."""

from pathlib import Path

import pytest
import yaml

from lifecycle.collaboration import owners
from lifecycle.project import Failure

ADA = {"name": "Ada", "contact": "ada@company.com"}
WHOLE = {"business": ADA, "data": ADA, "engineering": ADA, "approvers": [ADA]}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PROJECT_ROOT", str(tmp_path))
    return tmp_path


def write(folder: Path, **changes: object) -> None:
    found = {key: value for key, value in {**WHOLE, **changes}.items() if value is not None}
    (folder / "OWNERS.yaml").write_text(yaml.safe_dump(found), encoding="utf-8")


def test_owners_and_approvers_are_read(folder: Path) -> None:
    write(folder, legal={"anything": 1}, data={"name": "Help desk", "contact": 4711})
    assert owners.owners() == {"business": ADA, "data": {"name": "Help desk", "contact": "4711"}, "engineering": ADA}
    assert [person.name for person in owners.approvers()] == ["Ada"]
    assert [item.state for item in owners.evidence()] == ["proven"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": None}, "OWNERS.yaml: data is missing"),
        ({"data": {"name": "Ada"}}, "data.contact is missing"),
        ({"data": {"name": " ", "contact": "x"}}, "data.name: "),
        ({"data": {"name": None, "contact": "x"}}, "data.name: "),
        ({"data": {**ADA, "contcat": "x"}}, "unknown key data.contcat: did you mean contact"),
        ({"approvers": ["Ada"]}, "approvers.0: "),
        ({"approvers": []}, "names no approvers"),
        ({"approvers": None}, "names no approvers"),
    ],
)
def test_what_is_missing_is_named(folder: Path, changes: dict[str, object], message: str) -> None:
    write(folder, **changes)
    with pytest.raises(Failure, match=message):
        owners.approvers()
    assert [item.state for item in owners.evidence()] == ["missing"]


def test_an_example_address_is_no_owner(folder: Path) -> None:
    write(folder, approvers=[{"name": "Ada", "contact": "ada@example.com"}])
    assert [(item.state, item.detail) for item in owners.evidence()] == [
        ("missing", "OWNERS.yaml still has an example address")
    ]
