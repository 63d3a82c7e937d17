"""Only what passed the gate is registered, only what a person approved answers, and the trail records all of it."""

import json
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from lifecycle.cli import run
from lifecycle.deployment.serving import approved, service
from lifecycle.development import registry
from lifecycle.development.model import Model
from lifecycle.governance import approvals, approvals_check, model_actions, trail
from lifecycle.project import Failure, name, write_atomically
from tests.lifecycle.conftest import Write


@pytest.fixture(scope="module")
def version(trained: Model, workspace: Path) -> Iterator[str]:
    """A registered version."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUDIT_ACTOR", "The pipeline")
        passes(workspace, trained.version)
        assert run("models", ["register", trained.version]) == 0
    yield trained.version
    shutil.rmtree(workspace / "releases")


@pytest.fixture(autouse=True)
def nothing_decided(version: str, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test begins after the registration, with a person whom git knows."""
    for file in (workspace / "releases").glob("*.yaml"):
        file.unlink()
    first = trail.trail_path().read_bytes().splitlines(keepends=True)[0]
    trail.trail_path().write_bytes(first)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "2")
    for number, (key, value) in enumerate({"name": "Ada", "email": "ada@example.com"}.items()):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", f"user.{key}")
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)


def passes(workspace: Path, version: str, passed: bool = True) -> None:
    """What the gate writes down."""
    report = {"version": version, "passed": passed, "gates": []}
    write_atomically(workspace / "reports" / "gate.json", json.dumps(report))


def approve(version: str) -> None:
    assert run("models", ["approve", version, "--reason", "it is better [by far]"]) == 0


def make_champion(version: str) -> None:
    approve(version)
    assert run("models", ["alias", "champion", version]) == 0


def listed(capsys: pytest.CaptureFixture[str], version: str) -> dict[str, Any]:
    """What `models list` says of a version."""
    capsys.readouterr()
    assert run("models", ["list", "--json"]) == 0
    models = json.loads(capsys.readouterr().out)["models"]
    return next(dict(row) for row in models if row["version"] == version)


def test_the_gate_decides_what_is_registered(version: str, workspace: Path) -> None:
    for gate in ("none", "another", "failed"):
        passes(workspace, "v0" if gate == "another" else version, gate != "failed")
        if gate == "none":
            (workspace / "reports" / "gate.json").unlink()
        with pytest.raises(Failure, match="the gate"):
            run("models", ["register", version])
    passes(workspace, version)


def test_a_registration_says_where_the_model_comes_from(version: str, trained: Model) -> None:
    assert run("models", ["register", version]) == 0
    assert [act["action"] for act in trail.entries()] == ["register"]
    ((entry, whole),) = [pair for pair in registry.entries() if pair[0].version == version]
    assert whole
    assert entry.tags["data_md5"] == trained.facts["data"]["md5"]
    assert entry.tags["who"] == "The pipeline"
    assert json.loads(entry.tags["params"]) == trained.facts["params"]
    assert json.loads(entry.tags["metrics"]) == trained.facts["metrics"]
    assert registry.registered()["model_sha256"] == approvals.model_sha256(version)


def test_only_an_approved_version_becomes_champion(version: str, workspace: Path) -> None:
    with pytest.raises(Failure, match="not approved"):
        run("models", ["alias", "champion", version])
    with pytest.raises(Failure, match="a reason is needed"):
        run("models", ["approve", version, "--reason", " "])
    with pytest.raises(Failure, match="not registered"):
        run("models", ["approve", "v0", "--reason", "why not"])
    with pytest.raises(Failure, match="no version of a model"):
        run("models", ["approve", "../v0", "--reason", "why not"])
    assert approvals.champion() is None
    make_champion(version)
    assert approvals.champion() == version
    assert approvals.approved() == [version]
    decision = approvals.decision(version)
    assert decision["who"] == "Ada <ada@example.com>"
    assert decision["why"] == "it is better [by far]"
    assert decision["self_approved"] is False
    assert decision["audit_head"] == trail.entries()[1]["hash"]
    assert run("models", ["check"]) == 0
    with registry.opened() as mlflow:
        named = mlflow.MlflowClient().get_model_version_by_alias(name(), "champion")
    assert named.tags["version"] == version
    assert run("models", ["alias", "champion", "--remove"]) == 0
    assert approvals.champion() is None
    assert [act["action"] for act in trail.entries()][1:] == ["approve", "alias", "alias"]


def test_who_approves_his_own_work_says_so(version: str) -> None:
    assert run("models", ["approve", version, "--reason", "mine", "--who", "The pipeline"]) == 0
    assert approvals.decision(version)["self_approved"] is True


def test_a_rejected_version_answers_no_more(version: str) -> None:
    make_champion(version)
    assert run("models", ["reject", version, "--reason", "it is late"]) == 0
    with pytest.raises(Failure, match="not approved"):
        approvals.champion()
    assert approvals.approved() == []
    assert run("models", ["check"]) == 1


def test_the_list_tells_the_state(version: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert listed(capsys, version)["decision"] == ""
    assert run("models", ["request", version, "--reason", "for December"]) == 0
    assert listed(capsys, version)["decision"] == "requested"
    make_champion(version)
    row = listed(capsys, version)
    assert (row["decision"], row["aliases"]) == ("approved", "champion")
    assert row["files"] == "here, in the registry"


def test_an_altered_version_is_refused(version: str, workspace: Path) -> None:
    make_champion(version)
    file = workspace / "models" / version / "model.json"
    whole = file.read_bytes()
    try:
        file.write_bytes(whole.replace(b"}", b" }", 1))
        with pytest.raises(Failure, match="not what was approved"):
            approvals.champion()
        assert run("models", ["check"]) == 1
        file.write_bytes(whole)
        assert approvals.champion() == version
        (file.parent / "more").touch()
        with pytest.raises(Failure, match="not what was approved"):
            approvals.champion()
    finally:
        (file.parent / "more").unlink(missing_ok=True)
        file.write_bytes(whole)


def test_the_server_answers_with_the_champion_alone(version: str, workspace: Path) -> None:
    with pytest.raises(Failure, match="models approve"):
        service.Service()
    make_champion(version)
    file = workspace / "models" / version / "model.json"
    whole = file.read_bytes()
    running = service.Service()
    try:
        (variant,) = running.current.plan.variants
        assert (variant.name, variant.version) == ("champion", version)
        file.write_bytes(whole + b" ")
        deadline = time.monotonic() + 20
        while running.problem is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert "not what was approved" in str(running.state()["problem"])
        assert running.current.main.version == version
        with pytest.raises(Failure, match="not what was approved"):
            approved.policy()
    finally:
        running.close()
        file.write_bytes(whole)


@pytest.mark.parametrize("argv", [["approve", "--reason", "good"], ["alias", "champion"]])
def test_what_was_cut_off_is_found_and_mended_by_repeating(
    argv: list[str], version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if argv[0] == "alias":
        approve(version)
    with monkeypatch.context() as patch:

        def die(*_: Any) -> None:
            raise KeyboardInterrupt

        patch.setattr(model_actions, "write", die)
        with pytest.raises(KeyboardInterrupt):
            run("models", [*argv, version])
    assert approvals.champion() is None
    assert len(approvals_check.problems()) == 1
    assert run("models", [*argv, version]) == 0
    assert approvals_check.problems() == []


def test_a_decision_that_nobody_made_is_found(version: str, workspace: Path) -> None:
    approve(version)
    file = approvals.decision_path(version)
    text = file.read_text(encoding="utf-8")
    for old, new in (("Ada", "Eve"), ("approved\n", "rejected\n"), ("better", "worse")):
        file.write_text(text.replace(old, new, 1), encoding="utf-8")
        assert len(approvals_check.problems()) == 1
    file.write_text("version: 1\n", encoding="utf-8")
    assert "lacks" in approvals_check.problems()[0]
    file.write_text(text, encoding="utf-8")
    assert approvals_check.problems() == []
    (workspace / "releases" / "aliases.yaml").write_text(f"champion: {version}\n")
    assert "is not what the trail says last" in approvals_check.problems()[0]


def test_files_that_the_registry_lost_are_reported_and_brought_back(
    version: str, workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here, away = workspace / "models" / version, workspace / "away"
    (kept,) = (workspace / "mlruns").glob(f"**/{registry.FILES}/model.json")
    here.rename(away)
    try:
        assert run("models", ["fetch", version]) == 0
        assert approvals.model_sha256(version) == registry.required(version).sha256
        shutil.rmtree(here)
        kept.write_bytes(kept.read_bytes() + b" ")
        with pytest.raises(Failure, match="were altered"):
            run("models", ["fetch", version])
        shutil.rmtree(kept.parent)
        with pytest.raises(Failure, match="lost the files"):
            run("models", ["fetch", version])
        assert not here.exists()
        assert listed(capsys, version)["files"] == "lost by the registry"
    finally:
        away.rename(here)
    assert run("models", ["register", version]) == 0
    assert listed(capsys, version)["files"] == "here, in the registry"


def test_a_registry_that_cannot_be_used_is_reported_within_seconds(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "PATIENCE", 0.1)
    with closing(sqlite3.connect(registry.database(), isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Failure, match="locked"):
            run("models", ["register", version])
    make_champion(version)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.raises(Failure, match="does not answer"):
        run("models", ["register", version])
    with pytest.raises(Failure, match="releases/ is up to date, the registry is not"):
        run("models", ["alias", "champion", "--remove"])
    assert approvals.champion() is None


def test_a_later_level_adds_an_alias(version: str, write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """As a rollout does, whose version answers a part of the requests before it becomes champion."""
    path = approvals.aliases_path()
    write_atomically(path, f"canary: {version}\n")
    with pytest.raises(Failure, match="no alias 'canary', only champion, challenger"):
        approvals.aliases()
    path.unlink()
    write(
        "rollout.py",
        """
        from lifecycle.extensions import extends

        @extends("alias")
        def canary():
            return "canary", "answers a part of the requests"
        """,
    )
    with pytest.raises(Failure, match="not approved"):
        run("models", ["alias", "canary", version])
    approve(version)
    assert run("models", ["alias", "canary", version]) == 0
    assert approvals.version_of("canary") == version
    assert approvals.champion() is None
    assert listed(capsys, version)["aliases"] == "canary"
    assert run("models", ["check"]) == 0
    with registry.opened() as mlflow:
        named = mlflow.MlflowClient().get_model_version_by_alias(name(), "canary")
    assert named.tags["version"] == version
    write_atomically(path, "{}\n")
    assert approvals_check.problems() == ["canary: no version is not what the trail says last"]
    assert run("models", ["alias", "canary", "--remove"]) == 0
    assert approvals_check.problems() == []


def test_folders_in_releases_are_no_decisions(version: str, workspace: Path) -> None:
    """They are where later levels keep what they decided: a design, or the steps of a rollout."""
    approve(version)
    for folder in ("experiments", "canary"):
        write_atomically(workspace / "releases" / folder / "x.yaml", "audit_head: of another kind\n")
    write_atomically(workspace / "state" / "canary.json", "{}")
    assert approvals.decided() == [version]
    assert approvals_check.problems() == []


def test_whoever_is_no_approver_is_named(version: str, workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, who = workspace / "OWNERS.yaml", "{name: A, contact: a@b.c}"
    roles = f"business: {who}\ndata: {who}\nengineering: {who}\n"
    noted = {
        "": "names no approvers",
        "approvers: [{name: Eve, contact: eve@b.c}]\n": "Ada <ada@example.com> is not among the approvers",
        "approvers: [{name: ADA, contact: a@b.c}]\n": "",
        "approvers: [{name: The team, contact: ada@example.com}]\n": "",
    }
    try:
        for approvers, note in noted.items():
            path.write_text(roles + approvers, encoding="utf-8")
            capsys.readouterr()
            approve(version)
            printed = capsys.readouterr().out
            assert note in printed and ("look:" in printed) is bool(note)
    finally:
        path.unlink()
