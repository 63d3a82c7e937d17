"""Every alert of conf/alerts.yaml becomes a rule, reaches somebody, and leads to a page."""

from pathlib import Path

import pytest
import yaml

from lifecycle.monitoring import alert_files, alert_settings

ROOT = Path(__file__).parents[3]


def test_every_alert_is_a_rule_with_a_receiver_and_a_runbook(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PROJECT_ROOT", str(ROOT))
    settings = alert_settings.load()
    made = {path: yaml.safe_load(text) for path, text in alert_files.texts(settings).items()}
    [group] = made["rules/alerts.yml"]["groups"]
    assert [rule["alert"] for rule in group["rules"]] == [one.name for one in settings.alerts]
    receivers = {receiver["name"] for receiver in made["alertmanager.yml"]["receivers"]}
    assert {rule["labels"]["severity"] for rule in group["rules"]} <= receivers
    pages = {path.stem for path in (ROOT / "docs" / "runbooks").glob("*.md")}
    assert {one.page for one in settings.alerts} - pages == set()
