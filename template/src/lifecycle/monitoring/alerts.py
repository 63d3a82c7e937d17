"""Make Prometheus' rules and Alertmanager's routes from conf/alerts.yaml, and prove them.

`render` writes deploy/rules/alerts.yml and deploy/alertmanager.yml: commit them. `test` compares
them with conf/alerts.yaml, lets promtool play the series that stand with each alert and amtool
read the routes, and looks for each alert's page in docs/runbooks/. Exit code 1 means a finding.

Examples:
  {name} alerts render
  {name} alerts test
"""

import json
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
from ..project import Failure, md5, name, root, write_atomically
from .alert_files import texts, unit_tests
from .alert_settings import Alerts, load

PACKAGES = {"promtool": "prometheus", "amtool": "prometheus-alertmanager"}


def outdated(settings: Alerts) -> list[str]:
    """The files under deploy/ that conf/alerts.yaml would make otherwise."""
    deploy = root() / "deploy"
    return [
        path
        for path, text in texts(settings).items()
        if not (deploy / path).exists() or (deploy / path).read_text(encoding="utf-8") != text
    ]


def findings(settings: Alerts) -> Iterator[str]:
    """What is wrong with the alerts, in the words of Prometheus' and Alertmanager's tools."""
    import yaml

    for path in outdated(settings):
        yield f"deploy/{path} does not follow conf/alerts.yaml: run `{name()} alerts render`"
    for alert in settings.alerts:
        page = f"docs/runbooks/{alert.page}.md"
        if not (root() / page).exists():
            yield f"{alert.name} has no runbook: write {page}"
    with tempfile.TemporaryDirectory() as folder:
        for path, text in texts(settings).items():
            write_atomically(Path(folder) / path, text)
        tests = yaml.safe_dump(unit_tests(settings, "rules/alerts.yml"), sort_keys=False)
        write_atomically(Path(folder) / "tests.yml", tests)
        yield from errors(folder, "promtool", "check", "rules", "rules/alerts.yml")
        yield from errors(folder, "promtool", "test", "rules", "tests.yml")
        yield from errors(folder, "amtool", "check-config", "alertmanager.yml")


def errors(folder: str, tool: str, *arguments: str) -> Iterator[str]:
    """What a tool prints if it fails; raises Failure if it is not installed."""
    if not (path := shutil.which(tool)):
        raise Failure(f"there is no {tool}: install it (Debian's package {PACKAGES[tool]} has it)")
    done = subprocess.run([path, *arguments], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        yield f"{tool} {' '.join(arguments)}: {(done.stdout + done.stderr).strip()}"


def tested_path() -> Path:
    """The record of the last `alerts test` that found nothing."""
    return root() / "logs" / "alerts.json"


@extends("evidence")
def evidence() -> Iterator[Evidence]:
    """O2a: the alerts passed their tests in the last 30 days, as they stand now."""
    last = json.loads(tested_path().read_text("utf-8")) if tested_path().exists() else {}
    step = f"{name()} alerts render, then {name()} alerts test"
    if not last or not recent(last["time"]):
        yield Evidence("O2a", "missing", "alerts were not tested in 30 days", step)
    elif last["conf"] != md5(root() / "conf" / "alerts.yaml") or outdated(load()):
        yield Evidence("O2a", "missing", "alerts were changed since they were tested", step)
    else:
        yield Evidence("O2a", "proven", f"{last['alerts']} alerts were tested")


@extends("command")
def command(parser: ArgumentParser) -> Callable[[Namespace], dict[str, Any]]:
    parser.add_argument("action", choices=["render", "test"])
    return lambda arguments: render() if arguments.action == "render" else test()


def render() -> dict[str, Any]:
    """Write the files."""
    files = texts(load())
    for path, text in files.items():
        write_atomically(root() / "deploy" / path, text)
        print(f"deploy/{path}")
    return {"files": [f"deploy/{path}" for path in files]}


def test() -> dict[str, Any]:
    """Test the files; a success is kept for `maturity`."""
    settings = load()
    found = list(findings(settings))
    for finding in found:
        print(finding)
    if not found:
        print(f"{len(settings.alerts)} alerts fire when they should, and only then")
        conf, now = md5(root() / "conf" / "alerts.yaml"), datetime.now(UTC).isoformat()
        passed = {"time": now, "alerts": len(settings.alerts), "conf": conf}
        write_atomically(tested_path(), json.dumps(passed))
    return {"alerts": len(settings.alerts), "findings": found, "exit_code": int(bool(found))}
