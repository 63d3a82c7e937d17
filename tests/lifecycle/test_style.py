"""The code of a project passes the project's own linters, as it stands in template/."""

import subprocess
import sys

import pytest

from tests.lifecycle.conftest import ORIGINAL


@pytest.mark.parametrize(
    "command",
    ["ruff check --no-cache src/lifecycle tests", "ruff format --check --no-cache src/lifecycle tests", "mypy"],
)
def test_the_projects_own_linters_find_nothing(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command.split()], cwd=ORIGINAL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
