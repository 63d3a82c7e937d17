"""What a training leaves behind when it is killed, or when the disk is full: whole versions, and nothing in the way."""

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests import ladder, tools

Live = Callable[..., Path]


class Workspace:
    """A root of its own for the commands of an installed project."""

    def __init__(self, project: Path, root: Path) -> None:
        self.project, self.root = project, root
        shutil.copytree(project / "conf", root / "conf")
        for name in ("params.yaml", ".gitignore"):
            shutil.copy(project / name, root)
        ladder.commit(root, "Start")
        self.env = {"PROJECT_ROOT": str(root), "DATA_PATH": str(project / "data" / "flights.parquet")}
        self.command = [str(project / ".venv" / "bin" / "python"), "-m", "lifecycle.cli"]

    def act(self, *arguments: object, check: bool = True) -> subprocess.CompletedProcess[str]:
        return ladder.run([*self.command, *arguments], self.root, check=check, **self.env)

    def versions(self) -> list[str]:
        return sorted(path.name for path in self.root.glob("models/[!.]*"))

    def predict(self, version: str) -> None:
        """Every row is scored by a version."""
        out = self.root.parent / "out.csv"
        done = self.act("predict", self.env["DATA_PATH"], out, "--version", version, "--json")
        assert json.loads(done.stdout)["rows"] == 20_000

    def start(self) -> "subprocess.Popen[str]":
        """A training under way."""
        return subprocess.Popen(
            [self.command[0], "-u", *self.command[1:], "train"],
            cwd=self.root,
            env=tools.clean_environment() | self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def kill(self, moment: Callable[[], bool]) -> None:
        """Start a training, and end it without a warning as soon as the moment has come."""
        with self.start() as process:
            while process.poll() is None and not moment():
                time.sleep(0.001)
            process.kill()
        for _ in range(600):
            if not self.processes():
                return
            time.sleep(0.1)
        raise AssertionError(f"still working without the training: {self.processes()}")

    def processes(self) -> dict[int, str]:
        """What works in this workspace: process ids and commands."""
        mine, found = f"PROJECT_ROOT={self.root}\0".encode(), {}
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if mine in (folder / "environ").read_bytes():
                    found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
        return found

    def recorded(self) -> list[tuple[str, str]]:
        """The version and status of each run."""
        with closing(sqlite3.connect(self.root / "mlflow.db")) as file:
            query = "select name, status from runs order by name"
            return file.execute(query).fetchall()


@pytest.fixture
def workspace(live: Live, tmp_path: Path) -> Workspace:
    return Workspace(live(), tmp_path / "root")


def test_a_killed_training_leaves_whole_versions_and_nothing_in_the_way(workspace: Workspace) -> None:
    root, chance = workspace.root, random.Random(1)

    def seen(pattern: str, seconds: float = 0) -> Callable[[], bool]:
        """So long after a file is there."""
        times: list[float] = []

        def moment() -> bool:
            if any(root.glob(pattern)):
                times.append(time.monotonic())
            return bool(times) and time.monotonic() > times[0] + seconds

        return moment

    def passed(seconds: float) -> Callable[[], bool]:
        """So long after it was looked for first."""
        times: list[float] = []

        def moment() -> bool:
            times.append(time.monotonic())
            return times[-1] > times[0] + seconds

        return moment

    # Any moment of the start, the tracker's first set-up, a draft, a model that is not recorded yet, half a record.
    moments = [passed(chance.uniform(0, 4)), seen("*mlflow.db*"), seen("models/.*"), seen("models/[!.]*")]
    for moment in [*moments, seen("mlruns/*/*/artifacts/*")]:
        workspace.kill(moment)
    workspace.act("maturity")
    facts = json.loads(workspace.act("train", "--json").stdout)
    assert {status for _, status in workspace.recorded()} == {"FINISHED"}
    assert workspace.versions()[-1] == facts["version"]
    for version in workspace.versions():
        workspace.predict(version)
    assert ladder.git(root, "status", "--porcelain") == ""


def test_a_training_that_is_killed_while_it_is_recorded_is_recorded_by_the_next(workspace: Workspace) -> None:
    workspace.kill(lambda: any(workspace.root.glob("mlruns/*/*/artifacts/*")))
    (kept,) = workspace.versions()
    printed = workspace.act("train").stdout
    assert f"the training {kept}" in printed and not list(workspace.root.glob("logs/unrecorded/*"))
    assert workspace.recorded() == [(version, "FINISHED") for version in workspace.versions()]
    assert workspace.versions()[1] in (workspace.root / "reports" / "training.html").read_text(encoding="utf-8")


def test_ctrl_c_ends_a_training_at_once_with_one_line(workspace: Workspace) -> None:
    with workspace.start() as process:
        assert process.stdout and next(process.stdout).startswith("reading")
        for pid in workspace.processes():  # as a terminal does it
            os.kill(pid, signal.SIGINT)
        _, errors = process.communicate()
        assert workspace.processes() == {}
    assert (process.returncode, errors) == (130, "error: stopped; nothing half-done was kept\n")
    assert not workspace.versions()


def test_a_full_disk_is_reported_and_costs_no_older_version(workspace: Workspace) -> None:
    tools.need_root()
    models = workspace.root / "models"
    models.mkdir()
    ladder.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", models], workspace.root)
    try:
        kept = json.loads(workspace.act("train", "--json").stdout)["version"]
        free = os.statvfs(models).f_bavail * os.statvfs(models).f_frsize
        (models / "ballast").write_bytes(bytes(free - 100_000))
        done = workspace.act("train", check=False)
        assert done.returncode == 2, done.stderr
        assert "No space left on device" in done.stderr and "Traceback" not in done.stderr
        assert [path.name for path in models.iterdir() if path.is_dir()] == [kept]
        workspace.predict(kept)
    finally:
        ladder.run(["umount", models], workspace.root)
