"""The server as its callers meet it: a process of its own, asked over HTTP."""

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic_core import to_json

from lifecycle.deployment.serving.served import Served
from lifecycle.development import model
from lifecycle.development.model import Model
from lifecycle.monitoring import prediction_log
from lifecycle.project import conf, root

# The server is tested with the newest version; who else may decide on that has tests of its own.
SERVE = """
import sys
from lifecycle import cli
from lifecycle.deployment.serving import latest, policies
policies.policies = lambda: [latest.policy]
sys.exit(cli.main())
"""


@pytest.fixture(scope="module")
def key(cli: Callable[..., Any]) -> Iterator[str]:
    yield json.loads(cli("keys", "add", "test_serve", "--json").stdout)["key"]
    cli("keys", "revoke", "test_serve")


@pytest.fixture(scope="module")
def process(trained: Model, key: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", SERVE, "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


@pytest.fixture(scope="module")
def server(process: subprocess.Popen[str], key: str) -> Iterator[httpx.Client]:
    """A client with a key."""
    assert process.stdout
    url = re.findall(r"answers at (\S+);", process.stdout.readline())[0]
    with httpx.Client(base_url=url, headers={"X-API-Key": key}, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def known(trained: Model, rows: pd.DataFrame) -> pd.DataFrame:
    """Held-out rows that the server takes: nothing is missing where nothing ever was."""
    schema = trained.facts["schema"]
    frame = rows[[column["name"] for column in schema]]
    frame = frame.dropna(subset=[c["name"] for c in schema if not c["nullable"]]).head(50)
    return frame.reset_index(drop=True)


@pytest.fixture(scope="module")
def questions(trained: Model, known: pd.DataFrame) -> list[dict[str, Any]]:
    """The same rows as JSON has them."""
    frame = known.astype(object).where(known.notna(), None)
    for column in trained.facts["schema"]:
        if column["type"] == "string":
            frame[column["name"]] = frame[column["name"]].map(str, na_action="ignore")
    return list(json.loads(to_json(frame.to_dict("records"), fallback=str)))


def test_answers_are_those_of_the_model(
    server: httpx.Client, trained: Model, known: pd.DataFrame, questions: list[dict[str, Any]]
) -> None:
    found = server.post("/predict", json=questions).raise_for_status().json()
    assert (found["model_version"], found["variant"]) == (trained.version, "latest")
    expected = trained.predict(known)
    predicted = pd.DataFrame([{"prediction": one["prediction"]} for one in found["predictions"]])
    pd.testing.assert_series_equal(predicted["prediction"], expected["prediction"], check_dtype=False)
    for label in (trained.facts["labels"] or []) if len(expected.columns) > 1 else []:
        probabilities = [one["probabilities"][str(label)] for one in found["predictions"]]
        assert probabilities == pytest.approx(expected[f"probability_{label}"].tolist())
    alone = server.post("/predict", json=questions[0]).json()["predictions"][0]
    assert alone["prediction"] == pytest.approx(found["predictions"][0]["prediction"])


def test_rows_that_are_scored_together_are_kept_apart(
    trained: Model, known: pd.DataFrame, questions: list[dict[str, Any]]
) -> None:
    served = Served(trained)
    rows = served.schema.many.validate_python(questions)
    requests = [rows[:1], rows[1:4], rows[4:]]
    expected = trained.predict(known)
    for scores, asked in zip(served.score(requests), requests, strict=True):
        head, expected = expected.head(len(asked)), expected.iloc[len(asked) :]
        assert scores.predictions == head["prediction"].tolist()
        if scores.probabilities is not None:
            assert scores.probabilities.tolist() == head.iloc[:, 1:].to_numpy().tolist()


def test_other_features_are_given_a_table(trained: Model, questions: list[dict[str, Any]]) -> None:
    class Other:
        def transform(self, frame: pd.DataFrame) -> Any:
            return trained.features.transform(frame.iloc[:])

    served = [Served(replace(trained, features=one)) for one in (trained.features, Other())]
    mine, others = (one.score([one.schema.many.validate_python(questions)])[0] for one in served)
    assert mine.predictions == others.predictions


def test_wrong_rows_are_refused_by_field(server: httpx.Client, trained: Model, questions: list[dict[str, Any]]) -> None:
    column = trained.facts["schema"][-1]
    nonsense = 5 if column["type"] == "string" else "nonsense"
    for wrong in (
        {key: value for key, value in questions[1].items() if key != column["name"]},
        questions[1] | {column["name"]: nonsense},
    ):
        answer = server.post("/predict", json=[questions[0], wrong])
        assert answer.status_code == 422
        assert answer.json()["detail"][0]["loc"] == ["body", 1, column["name"]]
    extra = questions[0] | {"a field nobody knows": 1}
    assert server.post("/predict", json=extra).status_code == 200
    for body in ("", "no JSON", "[]", "7", "null", "[[]]"):
        assert server.post("/predict", content=body).status_code == 422, body
    assert server.post("/predict", content=bytes(11 * 2**20)).status_code == 413


def test_only_holders_of_a_key_may_ask(server: httpx.Client, questions: list[dict[str, Any]]) -> None:
    for wrong in ("", "guessed"):
        answer = server.post("/predict", json=questions[0], headers={"X-API-Key": wrong})
        assert answer.status_code == 401
    for path in ("/health", "/ready", "/metrics", "/docs"):
        assert server.get(path, headers={"X-API-Key": ""}).status_code == 200, path


def test_it_describes_itself_without_the_internet(server: httpx.Client, trained: Model) -> None:
    page = server.get("/docs").text
    assets = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert assets
    assert all(server.get(asset).status_code == 200 for asset in assets)
    api = server.get("/openapi.json").json()
    asked = api["paths"]["/predict"]["post"]
    row = api["components"]["schemas"]["Row"]
    assert row["required"] == [column["name"] for column in trained.facts["schema"]]
    assert list(row["properties"]) == [*row["required"], *filter(None, [conf()["id_column"]])]
    (scheme,) = asked["security"][0]
    assert api["components"]["securitySchemes"][scheme]["name"] == "X-API-Key"
    examples = asked["requestBody"]["content"]["application/json"]["examples"].values()
    assert examples
    for example in examples:
        assert server.post("/predict", json=example["value"]).status_code == 200


def test_answers_are_logged_and_measured(server: httpx.Client, questions: list[dict[str, Any]]) -> None:
    named = {"X-Request-ID": "a request"}
    found = server.post("/predict", json=questions[:2], headers=named).json()
    assert [one["request_id"] for one in found["predictions"]] == ["a request:0", "a request:1"]
    logged: list[dict[str, Any]] = []
    for _ in range(50):
        time.sleep(0.1)
        days = prediction_log.folder_path().glob("*.jsonl")
        lines = [json.loads(line) for day in days for line in day.read_text("utf-8").splitlines()]
        if logged := [line for line in lines if line["request_id"].startswith("a request")]:
            break
    assert [line["prediction"]["prediction"] for line in logged] == [one["prediction"] for one in found["predictions"]]
    assert tuple(logged[0]) == prediction_log.COLUMNS
    assert set(logged[0]["features"]) == set(questions[0])
    page = text_string_to_metric_families(server.get("/metrics").text)
    counted = {sample.name: sample.value for family in page for sample in family.samples}
    assert counted["model_predictions_total"] >= 1
    assert counted["http_requests_total"] >= 1


def test_a_new_version_takes_over_and_no_request_is_lost(
    server: httpx.Client, trained: Model, questions: list[dict[str, Any]]
) -> None:
    seen: list[tuple[int, str]] = []
    done = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=server.base_url, headers=server.headers, timeout=30) as client:
            while not done.is_set():
                answer = client.post("/predict", json=questions[0])
                seen.append((answer.status_code, answer.json().get("model_version")))

    def wait_for(what: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not what():
            assert time.monotonic() < deadline
            time.sleep(0.05)

    old, draft, new = (model.folder(v) for v in (trained.version, ".draft", "99990101-000000-new"))
    broken = model.folder("99990102-000000-broken")
    try:
        with ThreadPoolExecutor() as threads:
            futures = [threads.submit(ask) for _ in range(4)]
            try:
                shutil.copytree(old, draft)
                facts = json.dumps(trained.facts | {"version": new.name}, default=str)
                (draft / "model.json").write_text(facts, "utf-8")
                draft.rename(new)
                wait_for(lambda: (200, new.name) in seen)
                shutil.copytree(new, draft)
                (draft / "model.joblib").write_bytes(b"broken")
                draft.rename(broken)
                wait_for(lambda: server.get("/ready").json()["problem"] is not None)
            finally:
                done.set()
            for future in futures:
                future.result()
    finally:
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(broken, ignore_errors=True)
    assert {status for status, _ in seen} == {200}
    assert seen[-1][1] == new.name


def test_no_model_is_an_error_that_says_what_to_do(cli: Callable[..., Any], key: str, tmp_path: Path) -> None:
    shutil.copytree(root() / "conf", tmp_path / "conf")
    shutil.copy(root() / "pyproject.toml", tmp_path)
    keys = str(root() / "secrets" / "api_keys.json")
    refused = cli("serve", "--port", "0", check=False, PROJECT_ROOT=str(tmp_path), API_KEYS_FILE=keys)
    assert refused.returncode == 2
    assert refused.stderr.startswith("error: ")
    assert "Traceback" not in refused.stderr


def test_a_port_that_is_taken_is_refused(cli: Callable[..., Any], server: httpx.Client) -> None:
    refused = cli("serve", "--port", str(server.base_url.port), check=False)
    assert refused.returncode == 2
    assert "choose another --port" in refused.stderr


def test_a_header_without_end_is_cut(server: httpx.Client) -> None:
    with socket.create_connection(("127.0.0.1", server.base_url.port or 0), timeout=30) as caller:
        caller.sendall(b"GET /health HTTP/1.1\r\nHost: here\r\nX-Endless: ")
        sent = 0
        with pytest.raises(OSError):
            while sent < 50 * 2**20:
                sent += caller.send(b"x" * 65536)
    assert sent < 10 * 2**20
    assert server.get("/health").status_code == 200


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to be polite with")
def test_it_ends_after_the_requests_that_came_before(
    server: httpx.Client, process: subprocess.Popen[str], questions: list[dict[str, Any]]
) -> None:
    many = [questions[i % len(questions)] for i in range(1500)]

    def ask(number: int) -> int | None:
        try:
            named = {"X-Request-ID": f"last {number}"}
            return server.post("/predict", json=many, headers=named).status_code
        except httpx.TransportError:  # not accepted any more
            return None

    with ThreadPoolExecutor(8) as threads:
        futures = [threads.submit(ask, number) for number in range(8)]
        wait(futures, return_when=FIRST_COMPLETED)
        process.send_signal(signal.SIGTERM)
        statuses = [future.result() for future in futures]
    assert process.wait(timeout=30) == 0
    assert statuses.count(200) > 1
    assert set(statuses) <= {200, None}
    logged = [day.read_text("utf-8") for day in prediction_log.folder_path().glob("*.jsonl")]
    assert "".join(logged).count('"request_id":"last ') == 1500 * statuses.count(200)
