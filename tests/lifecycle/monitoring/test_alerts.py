"""Alerts: each fires when it should, leads to a page, and can't drift from its settings."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lifecycle import project
from lifecycle.monitoring import alert_settings, alerts
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
    wanted = {alert.page for alert in alert_settings.load().alerts}
    assert wanted - pages == set()


@needs_tools
def test_the_alerts_fire_when_they_should(home: Path) -> None:
    assert alerts.test()["findings"] == []
    [found] = alerts.evidence()
    assert found.state == "proven"


@needs_tools
def test_a_rule_that_never_fires_is_found(home: Path) -> None:
    name = alert_settings.load().alerts[0].name
    edit(home, f"name: {name}", f"name: {name}2")
    edit(home, "    expr: ", "    expr: vector(1) < 0 and ")
    findings = "\n".join(alerts.test()["findings"])
    assert f"{name}2" in findings.partition("promtool test")[2]
    assert f"{name}2 has no runbook" in findings
    assert "alerts render" in findings


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("severity: page", "severity: loud", "ServiceDown has a severity other than page, ticket"),
        ("name: ", "nmae: ", r"unknown key alerts\.0\.nmae: did you mean name"),
        ("email:", "pigeon:", r"unknown key receivers\.page\.pigeon; there are email, slack, webhook"),
        ("smtp:", "smpt:", "unknown key smpt: did you mean smtp"),
        ("name: ServiceDown", "name: service down", r"alerts\.0\.name: .*not 'service down'"),
        ("name: ServiceDown", "name: LatencyHigh", "two alerts named LatencyHigh"),
        ("for: 2m", "fr: 2m", r"unknown key alerts\.0\.fr: did you mean for"),
        ("fires_on: {", "fires_on: {} # {", r"alerts\.0\.fires_on: .*at least 1"),
    ],
)
def test_a_mistake_is_named(old: str, new: str, message: str, home: Path) -> None:
    edit(home, old, new)
    with pytest.raises(project.Failure, match=f"conf/alerts.yaml: .*{message}"):
        alerts.render()


def test_changed_alerts_are_no_longer_proven(home: Path) -> None:
    edit(home, "receivers:", "# A comment.\nreceivers:")
    [found] = alerts.evidence()
    assert found.state == "missing"
