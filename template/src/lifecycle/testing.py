"""What tests share, as a pytest plugin: a project root to throw away, and one training in it.

pyproject.toml loads it, so your own tests may use its fixtures too."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copy, copytree
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import pandas as pd

    from .development.model import Model

Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session", autouse=True)
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the tests work: the settings, at most 2,000 rows of the table, and no model yet.

    A boosted model stays small: it is made as often, as well and as surely as a large one."""
    import yaml

    from . import project
    from .data import table

    folder, original = tmp_path_factory.mktemp("project"), project.data_path()
    copytree(project.root() / "conf", folder / "conf")
    copy(project.root() / "pyproject.toml", folder)
    params = project.params()
    for rounds in {"max_iter", "n_estimators"} & {*(params.get("model") or {})}:
        params["model"][rounds] = 20
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    frame = table.read(original)
    with table.writer(folder / f"sample{''.join(original.suffixes[-2:])}") as sample:
        sample.write(frame.sample(min(2000, len(frame)), random_state=0).sort_index())
    with pytest.MonkeyPatch.context() as patch:
        # A test must not reach the servers that the person who runs it works with.
        for variable in [v for v in os.environ if v.startswith(("MLFLOW_", "WANDB_"))]:
            patch.delenv(variable)
        patch.setenv("PROJECT_ROOT", str(folder))
        patch.setenv("DATA_PATH", str(next(folder.glob("sample*"))))
        yield folder


@pytest.fixture(scope="session")
def cli() -> Cli:
    """Run a command of the project: cli("train", "--json")."""

    def run(*arguments: str, check: bool = True, **env: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "lifecycle.cli", *map(str, arguments)]
        variables = os.environ | {"PYTHONIOENCODING": "utf-8"} | env
        done = subprocess.run(
            command, env=variables, text=True, encoding="utf-8", capture_output=True, check=False
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    return run


@pytest.fixture(scope="session")
def trained(workspace: Path) -> "Model":
    """The model of one training."""
    from . import project
    from .development.train import train

    model = train(project.data_path()).model
    assert model is not None
    return model


@pytest.fixture(scope="session")
def rows(workspace: Path) -> "pd.DataFrame":
    """About 200 rows that were held out, as they come in."""
    from . import project
    from .data import describe
    from .problem import load, part

    frame = load(project.data_path())
    describe.roles(frame)
    _, test, *_ = part("data").split(frame)
    return test.head(200).reset_index(drop=True)
