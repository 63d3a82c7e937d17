"""The server among real tools: a Prometheus that scrapes it, callers who mean harm, a full disk, a higher rung."""

import json
import re
import shutil
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import yaml

from tests import ladder, tools
from tests.tools import browser

pytestmark = pytest.mark.xdist_group("serving")

# What a module of a higher rung may look like: two versions share the requests, and there is one more route.
HIGHER_RUNG = '''
"""Two versions share the requests once share.json says so."""

import json

from fastapi import APIRouter

from lifecycle.deployment.serving.policies import Plan, Variant
from lifecycle.extensions import extends
from lifecycle.project import root


@extends("policy", precedence=10)
def policy() -> Plan | None:
    file = root() / "share.json"
    if not file.exists():
        return None
    return Plan(tuple(Variant(*one) for one in json.loads(file.read_text())), salt="a test")


@extends("routes")
def routes(service) -> APIRouter:
    router = APIRouter()

    @router.get("/plan")
    async def plan() -> dict:
        return service.state()

    return router
'''


@dataclass
class Served:
    """A server of a project, and what it was made of."""

    root: Path
    port: int
    key: str
    examples: list[dict[str, Any]]
    log: Path

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        """The status and the body of the answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            sent = {"X-API-Key": self.key, "Content-Type": "application/json"}
            sent |= {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def predict(self, body: Any, **headers: str) -> dict[str, Any]:
        status, answer = self.ask("POST", "/predict", json.dumps(body).encode(), **headers)
        assert status == 200, answer
        return dict(json.loads(answer))

    def metric(self, line: str) -> float:
        """The value of a line on the metrics page; 0 if there is none."""
        page = self.ask("GET", "/metrics")[1].decode()
        found = re.findall(rf"^{re.escape(line)} (\S+)$", page, re.MULTILINE)
        return float(found[0]) if found else 0.0

    def answered(self) -> float:
        """How many rows the metrics page says were answered."""
        page = self.ask("GET", "/metrics")[1].decode()
        return sum(map(float, re.findall(r"^model_predictions_total.* (\S+)$", page, re.MULTILINE)))


@pytest.fixture(scope="module")
def served(live: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A trained copy of the living project with one more module, served on a free port."""
    project = live(level=1, ci="github")
    root = tmp_path_factory.mktemp("served") / "project"
    ladder.copied(project, root)
    (root / "src/living_project/higher_rung.py").write_text(HIGHER_RUNG)
    python, env = str(project / ".venv/bin/python"), {"PYTHONPATH": str(root / "src"), "PROJECT_ROOT": str(root)}
    ladder.run([python, "-m", "lifecycle.cli", "train"], root, **env)
    key = ladder.run([python, "-m", "lifecycle.cli", "keys", "add", "a test", "--json"], root, **env).stdout
    (facts,) = root.glob("models/*/model.json")
    log = root / "server.log"
    command = [python, "-m", "lifecycle.cli", "serve", "--port", "0"]
    with log.open("w") as errors:
        process = subprocess.Popen(
            command,
            cwd=root,
            env={**tools.clean_environment(), **env},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        assert process.stdout
        address = re.search(r"answers at \S+:(\d+);", process.stdout.readline())
        assert address, log.read_text()
        examples = json.loads(facts.read_text())["examples"]
        yield Served(root, int(address[1]), json.loads(key)["key"], examples, log)
    finally:
        process.terminate()
        process.wait(timeout=30)


def test_a_person_tries_the_model_in_a_browser(served: Served) -> None:
    host = f"127.0.0.1:{served.port}"
    with browser.launch() as chromium, browser.page(chromium, host) as page:
        page.goto(f"http://{host}/docs")
        page.click("button.authorize")
        page.fill(".modal-ux input", served.key)
        page.click(".modal-ux button.authorize")
        page.click(".modal-ux button.btn-done")
        page.click(".opblock-post .opblock-summary-control")
        page.click("button.try-out__btn")
        page.click("button.execute")
        answer = page.inner_text(".live-responses-table .response")
    assert answer.startswith("200") and '"probabilities"' in answer


def test_a_prometheus_scrapes_the_server_and_answers_a_query(served: Served, tmp_path: Path) -> None:
    """With the configuration that is generated, only the address and the interval are changed."""
    prometheus = tools.need("prometheus")
    settings = yaml.safe_load((served.root / "deploy/prometheus.yml").read_text())
    settings["global"]["scrape_interval"] = "1s"
    settings["scrape_configs"][0]["static_configs"] = [{"targets": [f"127.0.0.1:{served.port}"]}]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(settings))
    served.predict(served.examples * 7)
    time.sleep(0.5)
    version = json.loads(served.ask("GET", "/ready")[1])["variants"][0]["model_version"]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        prometheus,
        f"--config.file={tmp_path / 'prometheus.yml'}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]

    def query(expression: str) -> float:
        address = f"http://127.0.0.1:{port}/api/v1/query?{urlencode({'query': expression})}"
        try:
            with urlopen(address, timeout=5) as answer:
                (result,) = json.load(answer)["data"]["result"] or [None]
        except (URLError, OSError):
            return -1
        return float(result["value"][1]) if result else -1

    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_for(lambda: query("up") == 1)
        wait_for(lambda: query(f'sum(model_predictions_total{{version="{version}"}})') >= 21)
        assert query('sum(http_requests_total{path="/predict",status="200"})') >= 1
        assert query("histogram_quantile(0.5, sum by (le) (http_request_seconds_bucket))") > 0
        assert query("count(process_resident_memory_bytes > 0)") == 1
    finally:
        process.terminate()
        process.wait(timeout=30)
    assert (served.root / "logs/metrics-read").exists()


def hostile(row: dict[str, Any]) -> dict[str, bytes]:
    """Bodies that nobody sends by accident."""
    number = next(name for name, value in row.items() if isinstance(value, float))
    date = next(iter(row))
    text = next(name for name, value in row.items() if isinstance(value, str) and name != date)

    def changed(name: str, value: str) -> bytes:
        return json.dumps(row | {name: "@"}).replace('"@"', value).encode("utf-8", "surrogatepass")

    return {
        "nan": changed(number, "NaN"),
        "infinity": changed(number, "-Infinity"),
        "huge exponent": changed(number, "1e999"),
        "huge integer": changed(number, "9" * 5000),
        "integer beyond 64 bits": changed("hour", str(2**63)),
        "whole number with a point": changed("hour", "5.0"),
        "text for a number": changed(number, '"five"'),
        "an object for a number": changed(number, '{"a": 1}'),
        "null for a text": changed(text, "null"),
        "unicode": changed(text, json.dumps("\u202eżółć\u0000\U0001f6eb", ensure_ascii=False)),
        "half a surrogate pair": changed(text, '"\\ud800"'),
        "long text": changed(text, '"' + "x" * 1_000_000 + '"'),
        "year 1": changed(date, '"0001-01-01T00:00:00"'),
        "year 9999": changed(date, '"9999-12-31T23:59:59"'),
        "time zone": changed(date, '"2013-06-01T12:00:00+14:00"'),
        "seconds since 1970": changed(date, "1e18"),
        "latin-1": json.dumps(row | {text: "é"}, ensure_ascii=False).encode("latin-1"),
        "utf-16": json.dumps(row).encode("utf-16"),
        "byte order mark": b"\xef\xbb\xbf" + json.dumps(row).encode(),
        "deep": b"[" * 100_000,
        "deep object": b'{"a":' * 100_000,
        "unfinished": json.dumps(row).encode()[:-1],
        "twice": json.dumps(row).encode() * 2,
        "the same field twice": json.dumps(row).encode()[:-1] + b"," + json.dumps(row).encode()[1:],
        "nothing": b"",
        "zeros": bytes(1000),
        "empty list": b"[]",
        "a list in a list": json.dumps([[row]]).encode(),
        "ten thousand rows": json.dumps([row] * 10_000).encode(),
        "ten thousand empty rows": json.dumps([{}] * 10_000).encode(),
        "too much": b" " * (10 * 2**20 + 1),
    }


def test_no_body_is_answered_with_a_server_error(served: Served) -> None:
    row = next(row for row in served.examples if any(isinstance(v, float) for v in row.values()))
    answers = {name: served.ask("POST", "/predict", body) for name, body in hostile(row).items()}
    assert {status for status, _ in answers.values()} <= {200, 413, 422}, answers
    accepted = {name for name, (status, _) in answers.items() if status == 200}
    assert accepted == {
        "whole number with a point",
        "unicode",
        "long text",
        "time zone",
        "the same field twice",
        "ten thousand rows",
    }
    assert answers["too much"][0] == 413
    for name, (status, body) in answers.items():
        if status == 422:
            assert json.loads(body)["detail"][0]["loc"][0] == "body", name
            assert len(body) < 5000, name
    assert len(json.loads(answers["ten thousand rows"][1])["predictions"]) == 10_000
    for headers in ({"X_API_Key": "é"}, {"X_API_Key": "x" * 10_000}, {"X_Request_ID": "é\t"}):
        assert served.ask("POST", "/predict", json.dumps(row).encode(), **headers)[0] in (200, 401)
    for method, path in (("GET", "/predict"), ("PUT", "/predict"), ("GET", "/../etc/passwd"), ("GET", "/nowhere")):
        assert served.ask(method, path)[0] in (404, 405)
    assert served.predict(row)["predictions"]
    assert "Traceback" not in served.log.read_text()


def test_a_full_disk_costs_rows_of_the_log_but_no_answer(served: Served) -> None:
    folder = served.root / "logs" / "predictions"
    served.predict(served.examples, X_Request_ID="first")
    wait_for(lambda: any('"first:0"' in day.read_text() for day in folder.glob("*.jsonl")))
    (day,) = folder.glob("*.jsonl")
    kept = day.rename(day.with_suffix(".kept"))
    day.symlink_to("/dev/full")
    before, answered = served.metric("prediction_log_lost_rows_total"), served.answered()
    served.predict(served.examples, X_Request_ID="lost")
    wait_for(lambda: served.metric("prediction_log_lost_rows_total") == before + len(served.examples))
    assert served.answered() == answered + len(served.examples)
    day.unlink()
    kept.rename(day)
    served.predict(served.examples, X_Request_ID="kept")
    wait_for(lambda: '"kept:0"' in day.read_text())
    assert '"lost:0"' not in day.read_text()
    for line in day.read_text().splitlines():
        json.loads(line)


def test_a_module_of_a_higher_rung_is_found(served: Served) -> None:
    """A policy shares the requests between two versions, stickily; a route needs a key as /predict does."""
    assert served.ask("GET", "/plan")[0] == 200
    assert served.ask("GET", "/plan", X_API_Key="none")[0] == 401
    (old,) = (path.parent for path in served.root.glob("models/[!.]*/model.json"))
    new = old.with_name("20000101-000000-0000")  # older than `latest`, which therefore goes on
    shutil.copytree(old, new)
    facts = json.loads((new / "model.json").read_text())
    (new / "model.json").write_text(json.dumps(facts | {"version": new.name}))
    row = served.examples[0]
    share = [("champion", old.name, 0.75), ("challenger", new.name, 0.25)]
    try:
        (served.root / "share.json").write_text(json.dumps(share))
        wait_for(lambda: len(json.loads(served.ask("GET", "/plan")[1])["variants"]) == 2)
        dealt = {str(i): served.predict(row, X_Assignment_Key=str(i)) for i in range(400)}
        counted = Counter(answer["variant"] for answer in dealt.values())
        assert 60 < counted["challenger"] < 140
        for key, answer in list(dealt.items())[:40]:
            again = served.predict(row, X_Assignment_Key=key)
            assert (again["variant"], again["model_version"]) == (answer["variant"], answer["model_version"])
        versions = {answer["variant"]: answer["model_version"] for answer in dealt.values()}
        assert versions == {"champion": old.name, "challenger": new.name}
        (served.root / "share.json").write_text(json.dumps([("champion", "missing", 1.0)]))
        wait_for(lambda: "missing" in str(json.loads(served.ask("GET", "/ready")[1])["problem"]))
        assert served.predict(row)["variant"] in versions
    finally:
        (served.root / "share.json").unlink()
        wait_for(lambda: json.loads(served.ask("GET", "/ready")[1])["problem"] is None)
        shutil.rmtree(new)
    assert served.predict(row)["variant"] == "latest"
    log = "".join(day.read_text() for day in served.root.glob("logs/predictions/*.jsonl"))
    assert log.count('"variant":"challenger"') >= counted["challenger"]


def wait_for(what: Callable[[], bool], seconds: float = 30) -> None:
    """Until it is true."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)
