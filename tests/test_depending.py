"""A project may depend on `lifecycle` instead of holding it: the same is active, by level and choice."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_ladder import promises
from tests import ladder

ACTIVE = """
import json
from lifecycle import cli, extensions
found = {point: sorted(place.module for place in places) for point, places in extensions.marks().items()}
print(json.dumps([found, sorted(cli.commands())]))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a wheel of the template's package would put into an environment: every module, and the manifest."""
    folder = tmp_path_factory.mktemp("site-packages")
    shutil.copytree(ladder.ROOT / "template/src/lifecycle", folder / "lifecycle")
    (folder / "lifecycle/manifest.json").write_text(promises.manifest(ladder.ROOT), encoding="utf-8")
    return folder


def active(project: Path, *paths: Path) -> Any:
    """The extensions and the commands of a project whose packages are in these folders."""
    path = ":".join(map(str, paths))
    return json.loads(ladder.run([sys.executable, "-c", ACTIVE], project, PYTHONPATH=path).stdout)


@pytest.mark.parametrize(
    "answers",
    [
        {"level": 0},
        {"level": 1},
        {"level": 1, "tracking": "wandb"},
        {"level": 2, "orchestrator": "airflow"},
        {"level": 2, "tracking": "wandb", "compute": "ray", "ci": "gitlab"},
    ],
    ids=str,
)
def test_the_same_is_active_in_a_project_that_depends(
    answers: dict[str, Any], rendered: Callable[..., Path], installed: Path, tmp_path: Path
) -> None:
    held = rendered(**answers)
    project = Path(shutil.copytree(held, tmp_path / "project"))
    shutil.rmtree(project / "src/lifecycle")
    assert active(project, project / "src", installed) == active(held, held / "src")


def test_without_the_manifest_every_level_would_be_active(
    rendered: Callable[..., Path], installed: Path, tmp_path: Path
) -> None:
    project = Path(shutil.copytree(rendered(level=0), tmp_path / "project"))
    shutil.rmtree(project / "src/lifecycle")
    shutil.copytree(installed, tmp_path / "bare")
    (tmp_path / "bare/lifecycle/manifest.json").unlink()
    _, commands = active(project, project / "src", tmp_path / "bare")
    assert "serve" in commands and "serve" not in active(project, project / "src", installed)[1]
