"""The files that Prometheus, Alertmanager and promtool read, made from conf/alerts.yaml."""

import re
from typing import Any

from ..project import name, root
from .alert_settings import Alert, Alerts

Values = dict[str, Any]
SECRETS = "/etc/alertmanager/secrets"  # where deploy/compose.alerts.yaml shows them
TEXT = "{{range .Alerts}}{{.Annotations.summary}} {{.Annotations.runbook_url}}\n{{end}}"  # in Slack


def texts(settings: Alerts) -> dict[str, str]:
    """The files under deploy/, with their texts."""
    import yaml

    made = {
        "rules/alerts.yml": {
            "groups": [{"name": name(), "rules": [rule(one, settings) for one in settings.alerts]}]
        },
        "alertmanager.yml": routing(settings),
        "alertmanagers/compose.yml": [{"targets": ["alertmanager:9093"]}],
    }
    head = f"# Made from conf/alerts.yaml by `{name()} alerts render`.\n"
    form: Values = {"sort_keys": False, "width": 1000}
    return {path: f"{head}{yaml.safe_dump(value, **form)}" for path, value in made.items()}


def rule(alert: Alert, settings: Alerts) -> Values:
    """An alert as Prometheus reads it."""
    ending = "html" if "://" in settings.runbooks else "md"
    return {
        "alert": alert.name,
        "expr": alert.expr,
        "for": alert.wait,
        "labels": {"severity": alert.severity},
        "annotations": {
            "summary": alert.summary,
            "runbook_url": f"{settings.runbooks}/{alert.page}.{ending}",
        },
    }


def routing(settings: Alerts) -> Values:
    """Who is notified of what, as Alertmanager reads it."""
    first, *_ = settings.receivers
    return {
        "global": common(settings),
        "route": {
            "receiver": first,
            "group_by": ["alertname"],
            "group_wait": "10s",
            "repeat_interval": "12h",
            "routes": [
                {"receiver": severity, "matchers": [f'severity="{severity}"']}
                for severity in settings.receivers
            ],
        },
        "receivers": [receiver(severity, settings) for severity in settings.receivers],
    }


def common(settings: Alerts) -> Values:
    """How mail and Slack are reached, where they are used."""
    made: Values = {}
    receivers = [settings.receiver(severity) for severity in settings.receivers]
    if any(one.email for one in receivers):
        made = {"smtp_smarthost": settings.smtp.server, "smtp_from": settings.smtp.sender}
        if (root() / "secrets" / "smtp-password").exists():
            made["smtp_auth_username"] = settings.smtp.user or settings.smtp.sender
            made["smtp_auth_password_file"] = f"{SECRETS}/smtp-password"
    if any(one.slack for one in receivers):
        made["slack_api_url_file"] = f"{SECRETS}/slack-url"
    return made


def receiver(severity: str, settings: Alerts) -> Values:
    """Where the alerts of one severity go."""
    to, sent = settings.receiver(severity), {"send_resolved": True}
    made: Values = {"name": severity}
    if to.email:
        made["email_configs"] = [{"to": to.email, **sent}]
    if to.slack:
        made["slack_configs"] = [{"channel": to.slack, "text": TEXT, **sent}]
    if to.webhook:
        made["webhook_configs"] = [{"url": to.webhook, **sent}]
    return made


def unit_tests(settings: Alerts, rule_file: str) -> Values:
    """promtool's tests: at the end of its series each alert fires, or stays silent."""
    tests = []
    for alert in settings.alerts:
        for key, series, fires in (
            ("fires_on", alert.fires_on, 1),
            ("silent_on", alert.silent_on, 0),
        ):
            firing = f'ALERTS{{alertname="{alert.name}", alertstate="firing"}}'
            query = {
                "expr": f"(count({firing}) or vector(0)) > bool 0",
                "eval_time": f"{max(map(minutes, series.values()))}m",
                "exp_samples": [{"labels": "{}", "value": fires}],
            }
            tests.append(
                {
                    "name": f"{alert.name} {key}",
                    "interval": "1m",
                    "input_series": [{"series": s, "values": v} for s, v in series.items()],
                    "promql_expr_test": [query],
                }
            )
    return {"rule_files": [rule_file], "evaluation_interval": "1m", "tests": tests}


def minutes(values: str) -> int:
    """When a series of promtool's notation ends: "0 1x10" has 12 values, the last at minute 11."""
    return sum(1 + int((re.search(r"x(\d+)$", part) or "00")[1]) for part in values.split()) - 1
