"""The code of a project passes the project's own linters, as it stands in template/."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lifecycle.conftest import ORIGINAL


@pytest.mark.parametrize(
    "command",
    ["ruff check --no-cache . src/lifecycle", "ruff format --check --no-cache . src/lifecycle", "mypy"],
)
def test_the_projects_own_linters_find_nothing(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command.split()], cwd=ORIGINAL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_functions_of_the_user_need_no_annotations_and_those_of_the_template_do(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (package,) = (path.parent for path in ORIGINAL.glob("src/*/metrics.py"))
    shutil.copytree(package, project / "src" / package.name)
    shutil.copy(ORIGINAL / "pyproject.toml", project)
    (project / "tests").mkdir()
    (project / "tests" / "test_own.py").write_text("def test_own():\n    pass\n")
    (project / "src" / "lifecycle").symlink_to(ORIGINAL / "src" / "lifecycle")
    bare = "def add(first, second):\n    return first + second\n"
    (project / "src" / package.name / "own.py").write_text(bare)

    def mypy(*files: str) -> str:
        command = [sys.executable, "-m", "mypy", "--follow-imports=silent", *files]
        return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False).stdout

    assert "Success" in mypy(f"src/{package.name}", "tests")
    (project / "src" / "lifecycle").unlink()
    (project / "src" / "lifecycle").mkdir()
    (project / "src" / "lifecycle" / "__init__.py").touch()
    (project / "src" / "lifecycle" / "own.py").write_text(bare)
    assert "missing a type annotation" in mypy("src/lifecycle")
