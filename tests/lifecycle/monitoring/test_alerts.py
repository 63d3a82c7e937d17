"""Alerts: each fires when it should, leads to a page, and can't drift from its settings."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lifecycle import project
from lifecycle.monitoring import alerts
from tests.lifecycle.conftest import ORIGINAL

ROOT = ORIGINAL
needs_tools = pytest.mark.skipif(
    not (shutil.which("promtool") and shutil.which("amtool")), reason="no promtool, no amtool"
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project with the alerts of this one, rendered."""
    monkeypatch.setenv("PROJECT_ROOT", str(tmp_path))
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    shutil.copytree(ROOT / "docs" / "runbooks", tmp_path / "docs" / "runbooks")
    alerts.render()
    yield tmp_path


def edit(home: Path, old: str, new: str) -> None:
    """Change conf/alerts.yaml."""
    path = home / "conf" / "alerts.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_every_alert_has_a_runbook() -> None:
    pages = {path.stem for path in (ROOT / "docs" / "runbooks").glob("*.md")}
    wanted = {alerts.runbook(alert["name"]) for alert in project.conf("alerts")["alerts"]}
    assert wanted - pages == set()


@needs_tools
def test_the_alerts_fire_when_they_should(home: Path) -> None:
    assert alerts.test()["findings"] == []
    [found] = alerts.evidence()
    assert found.state == "proven"


@needs_tools
def test_a_rule_that_never_fires_is_found(home: Path) -> None:
    name = alerts.settings()["alerts"][0]["name"]
    edit(home, f"name: {name}", f"name: {name}2")
    edit(home, "    expr: ", "    expr: vector(1) < 0 and ")
    findings = "\n".join(alerts.test()["findings"])
    assert f"{name}2" in findings.partition("promtool test")[2]
    assert f"{name}2 has no runbook" in findings
    assert "alerts render" in findings


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("severity: page", "severity: loud", "severity other than"),
        ("name: ", "title: ", "lacks name"),
        ("email:", "pigeon:", "email, slack or webhook"),
    ],
)
def test_a_mistake_is_named(old: str, new: str, message: str, home: Path) -> None:
    edit(home, old, new)
    with pytest.raises(project.Failure, match=message):
        alerts.render()


def test_changed_alerts_are_no_longer_proven(home: Path) -> None:
    edit(home, "receivers:", "# A comment.\nreceivers:")
    [found] = alerts.evidence()
    assert found.state == "missing"
