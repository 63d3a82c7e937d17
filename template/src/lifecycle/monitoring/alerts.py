"""Make Prometheus' rules and Alertmanager's routes from conf/alerts.yaml, and prove them.

`render` writes deploy/rules/alerts.yml and deploy/alertmanager.yml: commit them. `test` holds them
against conf/alerts.yaml, has promtool play the series that stand with each alert, has amtool read
the routes, and looks for each alert's page in docs/runbooks/. Exit code 1 means a finding.

Examples:
  {name} alerts render
  {name} alerts test
"""

import json
import re
import shutil
import subprocess
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..extensions import extends
from ..maturity import Evidence, recent
from ..project import Failure, conf, md5, name, root, write_atomically

Values = dict[str, Any]
NEEDED = ("name", "severity", "summary", "expr", "for", "fires_on", "silent_on")
SECRETS = "/etc/alertmanager/secrets"  # where deploy/compose.alerts.yaml shows them


def settings() -> Values:
    """conf/alerts.yaml; raises Failure if something is missing, double or misspelt."""
    found = conf("alerts")
    if missing := [key for key in ("receivers", "smtp", "runbooks", "alerts") if key not in found]:
        raise Failure(f"conf/alerts.yaml lacks {', '.join(missing)}")
    names = [alert.get("name", "an alert without name") for alert in found["alerts"]]
    for label, alert in zip(names, found["alerts"], strict=True):
        if missing := [key for key in NEEDED if key not in alert]:
            raise Failure(f"conf/alerts.yaml: {label} lacks {', '.join(missing)}")
        if not re.fullmatch(r"[A-Z][A-Za-z0-9]+", label) or names.count(label) > 1:
            raise Failure(f"conf/alerts.yaml: {label!r} must be unique and look like ErrorRateHigh")
        if alert["severity"] not in found["receivers"]:
            known = ", ".join(found["receivers"])
            raise Failure(f"conf/alerts.yaml: {label} has a severity other than {known}")
    return found


def runbook(alert: str) -> str:
    """ErrorRateHigh -> error-rate-high."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", alert).lower()


def rules(found: Values) -> Values:
    """The rules, as Prometheus reads them."""
    ending = "html" if "://" in found["runbooks"] else "md"
    made = [
        {
            "alert": alert["name"],
            "expr": alert["expr"],
            "for": alert["for"],
            "labels": {"severity": alert["severity"]},
            "annotations": {
                "summary": alert["summary"],
                "runbook_url": f"{found['runbooks']}/{runbook(alert['name'])}.{ending}",
            },
        }
        for alert in found["alerts"]
    ]
    return {"groups": [{"name": name(), "rules": made}]}


def routing(found: Values) -> Values:
    """Who hears of what, as Alertmanager reads it."""
    first, *_ = found["receivers"]
    ways = [way for receiver in found["receivers"].values() for way in receiver]
    common: Values = {}
    if "email" in ways:
        common = {"smtp_smarthost": found["smtp"]["server"], "smtp_from": found["smtp"]["from"]}
        if (root() / "secrets" / "smtp-password").exists():
            common["smtp_auth_username"] = found["smtp"].get("user", found["smtp"]["from"])
            common["smtp_auth_password_file"] = f"{SECRETS}/smtp-password"
    if "slack" in ways:
        common["slack_api_url_file"] = f"{SECRETS}/slack-url"
    return {
        "global": common,
        "route": {
            "receiver": first,
            "group_by": ["alertname"],
            "group_wait": "10s",
            "repeat_interval": "12h",
            "routes": [
                {"receiver": severity, "matchers": [f'severity="{severity}"']}
                for severity in found["receivers"]
            ],
        },
        "receivers": [receiver(key, ways) for key, ways in found["receivers"].items()],
    }


def receiver(severity: str, ways: Values) -> Values:
    """The ways in which one severity is told; raises Failure for one that is not known."""
    text = "{{range .Alerts}}{{.Annotations.summary}} {{.Annotations.runbook_url}}\n{{end}}"
    made: Values = {"name": severity}
    for way, address in (ways or {}).items():
        if way == "email":
            made["email_configs"] = [{"to": address, "send_resolved": True}]
        elif way == "slack":
            made["slack_configs"] = [{"channel": address, "text": text, "send_resolved": True}]
        elif way == "webhook":
            made["webhook_configs"] = [{"url": address, "send_resolved": True}]
        else:
            raise Failure(f"conf/alerts.yaml: {severity} can be told by email, slack or webhook")
    return made


def unit_tests(found: Values, rule_file: str) -> Values:
    """What promtool plays: at the end of its series each alert fires, or stays silent."""
    tests = []
    for alert in found["alerts"]:
        for key, value in (("fires_on", 1), ("silent_on", 0)):
            series = alert[key]
            firing = f'ALERTS{{alertname="{alert["name"]}", alertstate="firing"}}'
            query = {
                "expr": f"(count({firing}) or vector(0)) > bool 0",
                "eval_time": f"{max(map(minutes, series.values()))}m",
                "exp_samples": [{"labels": "{}", "value": value}],
            }
            tests.append(
                {
                    "name": f"{alert['name']} {key}",
                    "interval": "1m",
                    "input_series": [{"series": s, "values": v} for s, v in series.items()],
                    "promql_expr_test": [query],
                }
            )
    return {"rule_files": [rule_file], "evaluation_interval": "1m", "tests": tests}


def minutes(values: str) -> int:
    """When a series of promtool's notation ends: "0 1x10" has 12 values, the last at minute 11."""
    return sum(1 + int((re.search(r"x(\d+)$", part) or "00")[1]) for part in values.split()) - 1


def rendered(found: Values) -> dict[str, str]:
    """The files under deploy/ with their texts."""
    import yaml

    made = {
        "rules/alerts.yml": rules(found),
        "alertmanager.yml": routing(found),
        "alertmanagers/compose.yml": [{"targets": ["alertmanager:9093"]}],
    }
    head = f"# Made from conf/alerts.yaml by `{name()} alerts render`.\n"
    form: Values = {"sort_keys": False, "width": 1000}
    return {path: f"{head}{yaml.safe_dump(value, **form)}" for path, value in made.items()}


def differing(found: Values) -> list[str]:
    """The files under deploy/ that are not what conf/alerts.yaml says."""
    deploy = root() / "deploy"
    return [
        path
        for path, text in rendered(found).items()
        if not (deploy / path).exists() or (deploy / path).read_text(encoding="utf-8") != text
    ]


def findings(found: Values) -> Iterator[str]:
    """What is wrong with the alerts, from the tools' own mouths."""
    import yaml

    for path in differing(found):
        yield f"deploy/{path} is not what conf/alerts.yaml says: run `{name()} alerts render`"
    for alert in found["alerts"]:
        page = f"docs/runbooks/{runbook(alert['name'])}.md"
        if not (root() / page).exists():
            yield f"{alert['name']} has no runbook: write {page}"
    with tempfile.TemporaryDirectory() as folder:
        for path, text in rendered(found).items():
            write_atomically(Path(folder) / path, text)
        tests = yaml.safe_dump(unit_tests(found, "rules/alerts.yml"), sort_keys=False)
        write_atomically(Path(folder) / "tests.yml", tests)
        yield from complaints(folder, "promtool", "check", "rules", "rules/alerts.yml")
        yield from complaints(folder, "promtool", "test", "rules", "tests.yml")
        yield from complaints(folder, "amtool", "check-config", "alertmanager.yml")


def complaints(folder: str, tool: str, *arguments: str) -> Iterator[str]:
    """What a tool says if it is not content; raises Failure if it is not installed."""
    if not (path := shutil.which(tool)):
        package = {"promtool": "prometheus", "amtool": "prometheus-alertmanager"}[tool]
        raise Failure(f"there is no {tool}: install it (Debian's package {package} has it)")
    done = subprocess.run([path, *arguments], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        yield f"{tool} {' '.join(arguments)}: {(done.stdout + done.stderr).strip()}"


def tested() -> Path:
    """What is remembered of the last `alerts test` that found nothing."""
    return root() / "logs" / "alerts.json"


@extends("evidence")
def evidence() -> Iterator[Evidence]:
    """O2a: the alerts passed their tests in the last 30 days, as they stand now."""
    last = json.loads(tested().read_text(encoding="utf-8")) if tested().exists() else {}
    step = f"{name()} alerts render, then {name()} alerts test"
    if not last or not recent(last["time"]):
        yield Evidence("O2a", "missing", "alerts were not tested in 30 days", step)
    elif last["conf"] != md5(root() / "conf" / "alerts.yaml") or differing(conf("alerts")):
        yield Evidence("O2a", "missing", "alerts were changed since they were tested", step)
    else:
        yield Evidence("O2a", "proven", f"{last['alerts']} alerts were tested")


@extends("command")
def command(parser: ArgumentParser) -> Callable[[Namespace], dict[str, Any]]:
    parser.add_argument("action", choices=["render", "test"])
    return lambda arguments: render() if arguments.action == "render" else test()


def render() -> dict[str, Any]:
    """Write the files."""
    files = rendered(settings())
    for path, text in files.items():
        write_atomically(root() / "deploy" / path, text)
        print(f"deploy/{path}")
    return {"files": [f"deploy/{path}" for path in files]}


def test() -> dict[str, Any]:
    """Prove the files; what passes is remembered for `maturity`."""
    found = settings()
    wrong = list(findings(found))
    for finding in wrong:
        print(finding)
    if not wrong:
        print(f"{len(found['alerts'])} alerts fire when they should, and only then")
        kept = {"time": datetime.now(UTC).isoformat(), "alerts": len(found["alerts"])}
        write_atomically(
            tested(), json.dumps(kept | {"conf": md5(root() / "conf" / "alerts.yaml")})
        )
    return {"alerts": len(found["alerts"]), "findings": wrong, "exit_code": int(bool(wrong))}
