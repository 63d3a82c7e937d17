"""Alerts end to end: a breach is seen by a real Prometheus, sent by a real Alertmanager, and reaches a webhook."""

import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import ladder, tools

pytestmark = pytest.mark.xdist_group("level-2")

Live = Callable[..., Path]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def webhook() -> Iterator[tuple[str, list[Any]]]:
    """The address of a receiver, and what it received."""
    received: list[Any] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def running(log: Path, *command: object) -> Iterator[None]:
    """A server for as long as the block lasts."""
    with log.open("w") as file:
        process = subprocess.Popen([str(part) for part in command], stdout=file, stderr=file)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def edit(path: Path, change: Callable[[Any], None]) -> None:
    """Change a YAML file."""
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(values)
    path.write_text(yaml.safe_dump(values), encoding="utf-8")


@pytest.fixture
def home(live: Live, tmp_path: Path) -> Path:
    """A project's settings, runbooks and deployment, where they may be changed."""
    project, folder = live(level=2), tmp_path / "home"
    for name in ("conf", "deploy", "docs"):
        shutil.copytree(project / name, folder / name)
    return folder


def alerts(home: Path, action: str, live: Live, check: bool = True) -> Any:
    """The project's command `alerts`, on the copied settings."""
    command = ["uv", "run", "living-project", "alerts", action, "--json"]
    env = {"PROJECT_ROOT": str(home), "PATH": tools.path()}
    done = ladder.run(command, live(level=2), check=check, **env)
    return json.loads(done.stdout) if done.stdout else done.stderr


def test_a_breach_reaches_a_webhook(home: Path, live: Live, tmp_path: Path) -> None:
    """Nothing answers where the service should be. Only addresses and waiting times are changed."""
    prometheus, alertmanager = tools.need("prometheus"), tools.need("prometheus-alertmanager")
    dead, watcher, router = free_port(), free_port(), free_port()

    def sent_here(settings: Any) -> None:
        settings["receivers"]["page"] = {"webhook": address}
        settings["alerts"][0]["for"] = "1s"

    def quickly(settings: Any) -> None:
        settings["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        settings["scrape_configs"][0]["static_configs"] = [{"targets": [f"127.0.0.1:{dead}"]}]

    with ExitStack() as stack:
        address, received = stack.enter_context(webhook())
        edit(home / "conf" / "alerts.yaml", sent_here)
        alerts(home, "render", live)
        deploy = home / "deploy"
        edit(deploy / "prometheus.yml", quickly)
        edit(deploy / "alertmanager.yml", lambda settings: settings["route"].update(group_wait="0s"))
        here = yaml.safe_dump([{"targets": [f"127.0.0.1:{router}"]}])
        (deploy / "alertmanagers" / "compose.yml").write_text(here)
        stack.enter_context(
            running(
                tmp_path / "alertmanager.log",
                alertmanager,
                f"--config.file={deploy / 'alertmanager.yml'}",
                f"--storage.path={tmp_path / 'alertmanager'}",
                f"--web.listen-address=127.0.0.1:{router}",
                "--cluster.listen-address=",
            )
        )
        stack.enter_context(
            running(
                tmp_path / "prometheus.log",
                prometheus,
                f"--config.file={deploy / 'prometheus.yml'}",
                f"--storage.tsdb.path={tmp_path / 'prometheus'}",
                f"--web.listen-address=127.0.0.1:{watcher}",
            )
        )
        deadline = time.monotonic() + 60
        while not received and time.monotonic() < deadline:
            time.sleep(0.2)
        logs = "".join((tmp_path / f"{name}.log").read_text() for name in ("prometheus", "alertmanager"))
        assert received, logs
    (alert,) = received[0]["alerts"]
    assert alert["status"] == "firing"
    assert alert["labels"]["alertname"] == "ServiceDown"
    assert alert["annotations"]["runbook_url"] == "docs/runbooks/service-down.md"


def test_the_alerts_of_a_new_project_pass_their_tests(home: Path, live: Live) -> None:
    tools.need("promtool"), tools.need("amtool")
    alerts(home, "render", live)
    found = alerts(home, "test", live)
    assert found["findings"] == [] and found["alerts"] > 5


@pytest.mark.parametrize("expression", ["vector(0) == 1", "vector(1) == 1"], ids=["never", "always"])
def test_each_alert_is_proven_by_its_own_series(expression: str, home: Path, live: Live) -> None:
    """A threshold that is never reached, or always, is found for every alert."""
    tools.need("promtool"), tools.need("amtool")
    names = [alert["name"] for alert in yaml.safe_load((home / "conf/alerts.yaml").read_text())["alerts"]]

    def blunt(found: Any) -> None:
        for alert in found["alerts"]:
            alert["expr"] = expression

    edit(home / "conf/alerts.yaml", blunt)
    alerts(home, "render", live)
    found = alerts(home, "test", live, check=False)
    assert found["exit_code"] == 1
    assert [name for name in names if f'alertname=\\"{name}\\"' not in "".join(found["findings"])] == []


def test_every_way_of_telling_people_is_a_valid_route(home: Path, live: Live) -> None:
    """Mail, Slack and a webhook together, read by Alertmanager's own tool."""
    tools.need("promtool"), tools.need("amtool")
    ways = {"email": "on-call@example.com", "slack": "#models", "webhook": "http://127.0.0.1:9/"}
    (home / "secrets").mkdir()
    (home / "secrets" / "smtp-password").write_text("a-password-of-the-test")
    edit(home / "conf/alerts.yaml", lambda found: found["receivers"].update(page=ways))
    alerts(home, "render", live)
    assert alerts(home, "test", live)["findings"] == []
    rendered = (home / "deploy/alertmanager.yml").read_text()
    assert all(address in rendered for address in ways.values())
    assert "a-password" not in rendered


def test_the_compose_file_fits_the_one_of_the_service(home: Path) -> None:
    """Compose's own schema accepts both, and the names that they share mean the same."""
    base, more = (
        yaml.safe_load((home / "deploy" / name).read_text()) for name in ("compose.yaml", "compose.alerts.yaml")
    )
    assert not set(base["services"]) & set(more["services"])
    tools.run("check-jsonschema", "--builtin-schema=vendor.compose-spec", home / "deploy" / "compose.alerts.yaml")
