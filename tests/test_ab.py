"""An A/B test from its design to its verdict: a real server deals real flights, and what happened decides."""

import csv
import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from tests import ladder, tools

pytestmark = pytest.mark.xdist_group("ab")

# The challenger says late where the champion says in time.
MAKE_CHALLENGER = """
import json, shutil, sys
import joblib
from lifecycle.development import model
old, new = model.folder(model.latest()), model.folder("99990101-000000-next")
shutil.copytree(old, new)
kept = joblib.load(new / "model.joblib")
joblib.dump(kept | {"labels": kept["labels"][::-1]}, new / "model.joblib")
facts = json.loads((new / "model.json").read_text()) | {"version": new.name}
(new / "model.json").write_text(json.dumps(facts))
from lifecycle.development import fingerprint
print(json.dumps({version: fingerprint.model_sha256(version) for version in (old.name, new.name)}))
"""
DECISION: dict[str, Any] = {"decision": "approved", "who": "A test", "why": "To be compared"}
DECISION |= {
    "when": "2026-01-01T00:00:00+00:00",
    "self_approved": False,
    "data_md5": "",
    "commit": "",
    "audit_head": "",
}


class Project:
    """A project with an approved champion and a challenger, and its server."""

    def __init__(self, root: Path, python: Path) -> None:
        self.root, self.python = root, python
        self.env = {"PYTHONPATH": str(root / "src"), "PROJECT_ROOT": str(root)}

    def run(self, *arguments: str, check: bool = True) -> Any:
        return ladder.run([self.python, "-m", "lifecycle.cli", *arguments], self.root, check, **self.env)

    def approve(self) -> dict[str, str]:
        """Two versions, as files in releases/ say it."""
        made = ladder.run([self.python, "-c", MAKE_CHALLENGER], self.root, **self.env).stdout
        hashes = json.loads(made.splitlines()[-1])
        (self.root / "releases").mkdir(exist_ok=True)
        for version, sha256 in hashes.items():
            decision = DECISION | {"version": version, "model_sha256": sha256}
            (self.root / "releases" / f"{version}.yaml").write_text(yaml.safe_dump(decision))
        aliases = dict(zip(("champion", "challenger"), hashes, strict=True))
        (self.root / "releases" / "aliases.yaml").write_text(yaml.safe_dump(aliases))
        return aliases

    def set(self, **changes: Any) -> None:
        """Change conf/experiment.yaml."""
        path = self.root / "conf" / "experiment.yaml"
        path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | changes))


class Server:
    """Asks the server of a project."""

    def __init__(self, port: int, key: str) -> None:
        self.port, self.key = port, key

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = {name.replace("_", "-"): value for name, value in headers.items()} | {"X-API-Key": self.key}
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            content = answer.read()
            assert answer.status == 200, content
            return dict(json.loads(content))
        finally:
            connection.close()


@pytest.fixture(scope="module")
def project(live: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Project:
    installed = live(level=2, problem_type="classification")
    root = tmp_path_factory.mktemp("ab") / "project"
    ladder.copied(installed, root)
    made = Project(root, installed / ".venv/bin/python")
    made.run("train")
    return made


@pytest.fixture(scope="module")
def versions(project: Project) -> dict[str, str]:
    return project.approve()


@pytest.fixture(scope="module")
def server(project: Project, versions: dict[str, str]) -> Iterator[Server]:
    key = json.loads(project.run("keys", "add", "a test", "--json").stdout)["key"]
    log = project.root / "server.log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [project.python, "-m", "lifecycle.cli", "serve", "--port", "0"],
            cwd=project.root,
            env={**tools.clean_environment(), **project.env},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        assert process.stdout
        address = re.search(r"answers at \S+:(\d+);", process.stdout.readline())
        assert address, log.read_text()
        yield Server(int(address[1]), key)
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait_for(what: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def test_outcomes_decide_between_two_versions(project: Project, versions: dict[str, str], server: Server) -> None:
    flights = pd.read_parquet(project.root / "data/flights.parquet").tail(300).reset_index(drop=True)
    late = flights.pop("late").astype(str)
    bodies = [row.to_json(date_format="iso") for _, row in flights.iterrows()]

    def ask(place: int) -> dict[str, Any]:
        headers = {"X_Request_ID": f"flight-{place}", "X_Assignment_Key": f"passenger-{place}"}
        return server.ask("POST", "/predict", bodies[place], **headers)

    assert ask(0)["variant"] == "champion"  # there is no experiment yet
    project.set(minimum_effect=0.15, looks=2)
    assert "Kept: 99990101-000000-next" in project.run("ab", "design").stdout
    assert len(server.ask("GET", "/ready")["variants"]) == 1
    project.set(minimum_effect=0.15, looks=2, running=True)
    wait_for(lambda: len(server.ask("GET", "/ready")["variants"]) == 2)

    dealt = [ask(place) for place in range(len(bodies))]
    assert {one["variant"]: one["model_version"] for one in dealt} == versions
    again = [ask(place)["variant"] for place in range(40)]  # a retry is no second unit
    assert again == [one["variant"] for one in dealt[:40]]
    shares = pd.Series([one["variant"] for one in dealt]).value_counts(normalize=True)
    assert 0.4 < shares["challenger"] < 0.6

    outcomes = project.root / "outcomes.csv"
    with outcomes.open("w", newline="") as file:
        known = [(f"flight-{place}", answer) for place, answer in enumerate(late)]
        csv.writer(file).writerows([("request_id", "outcome"), *known[5:], ("another system", True)])

    def analysed() -> dict[str, Any]:
        return dict(json.loads(project.run("ab", "analyse", "--outcomes", str(outcomes), "--json").stdout))

    days = project.root / "logs/predictions"
    wait_for(lambda: sum(day.read_text().count("\n") for day in days.glob("*.jsonl")) == 341)
    found = analysed()
    # The flight before the experiment is not in it, five outcomes are not known yet.
    assert found["counts"]["logged"] == 340 and found["counts"]["asked_again"] == 40
    assert found["counts"]["without_outcome"] == 5
    assert found["counts"]["outcomes_without_request"] == 1
    assert found["doubts"] == []
    assert found["decision"] == "champion"
    (look,) = found["looks"]
    assert look["means"]["champion"] > 0.6 > 0.4 > look["means"]["challenger"]
    assert look["low"] < look["difference"] < look["high"] < 0
    assert (project.root / "reports/ab.html").read_text().count("<svg") == 1
    assert "experiment looked at" in (project.root / "releases/audit.jsonl").read_text()
    states = json.loads(project.run("maturity", "--json").stdout)["capabilities"]
    assert {one["id"]: one["state"] for one in states}["P2b"] == "proven"

    aliases = yaml.safe_dump({"champion": versions["champion"]})
    (project.root / "releases/aliases.yaml").write_text(aliases)
    wait_for(lambda: len(server.ask("GET", "/ready")["variants"]) == 1)
    assert ask(0)["variant"] == "champion"
    assert analysed()["looks"] == [look]
