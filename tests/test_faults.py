"""What a training leaves behind when it is killed, or when the disk is full: whole versions, and nothing in the way."""

import json
import os
import random
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import ladder, tools

Live = Callable[..., Path]


class Workspace:
    """A root of its own for the commands of an installed project."""

    def __init__(self, project: Path, root: Path) -> None:
        self.project, self.root = project, root
        shutil.copytree(project / "conf", root / "conf")
        for name in ("params.yaml", "MATURITY.md", ".gitignore"):
            shutil.copy(project / name, root)
        ladder.commit(root, "Start")
        self.env = {"PROJECT_ROOT": str(root), "DATA_PATH": str(project / "data" / "flights.parquet")}
        self.command = [str(project / ".venv" / "bin" / "python"), "-m", "living_project"]

    def act(self, *arguments: object, check: bool = True) -> subprocess.CompletedProcess[str]:
        return ladder.run([*self.command, *arguments], self.root, check=check, **self.env)

    def versions(self) -> list[str]:
        return sorted(path.name for path in self.root.glob("models/[!.]*"))

    def predict(self, version: str) -> None:
        """Every row is scored by a version."""
        out = self.root.parent / "out.csv"
        done = self.act("predict", self.env["DATA_PATH"], out, "--version", version, "--json")
        assert json.loads(done.stdout)["rows"] == 20_000

    def kill(self, moment: Callable[[], bool]) -> None:
        """Start a training, and end it without a warning as soon as the moment has come."""
        with subprocess.Popen(
            [*self.command, "train"],
            cwd=self.root,
            env=tools.clean_environment() | self.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            while process.poll() is None and not moment():
                time.sleep(0.001)
            process.kill()


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

    # Any moment of the tracker's first set-up, the draft of a model, a model that is not recorded yet.
    for moment in (seen("*mlflow.db*", chance.uniform(0, 1)), seen("models/.*"), seen("models/[!.]*")):
        workspace.kill(moment)
    workspace.act("maturity")
    facts = json.loads(workspace.act("train", "--json").stdout)
    assert workspace.versions()[-1] == facts["version"]
    for version in workspace.versions():
        workspace.predict(version)
    assert ladder.git(root, "status", "--porcelain") == ""


def test_a_full_disk_is_told_and_costs_no_older_version(workspace: Workspace) -> None:
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
