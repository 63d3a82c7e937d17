"""The real tools that the tests run what is generated with.

They come from the test environment (PyPI) and from scripts/install-tools (Debian, npm). A missing
one skips the test and is listed at the end of the run; with CI=true it fails the test.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

HERE = Path(__file__).parent
INSTALLED = HERE.parents[1] / ".tools"
SEARCHED = [
    str(Path(sys.executable).parent),
    str(INSTALLED / "bin"),
    str(INSTALLED / "node" / "bin"),
    str(INSTALLED / "node_modules" / ".bin"),
]
MARK = "not proven, there is no "


def path(*extra: Path) -> str:
    """A PATH on which the tools are found, and `extra` before them."""
    return os.pathsep.join([*map(str, extra), *SEARCHED, os.environ["PATH"]])


def need(name: str) -> str:
    """Where the tool is; skips the test if there is none, and fails it with CI=true."""
    found = shutil.which(name, path=path())
    if found:
        return found
    if os.environ.get("CI") == "true":
        pytest.fail(f"{name} is missing: run scripts/install-tools")
    pytest.skip(MARK + name)


def need_root() -> None:
    """For what only root may do here: chroots and image builds."""
    if os.geteuid() == 0:
        return
    if os.environ.get("CI") == "true":
        pytest.fail("this test must be run by root")
    pytest.skip(MARK + "root")


def run(
    name: str,
    *arguments: str | Path,
    cwd: Path | None = None,
    check: bool = True,
    timeout: float = 600,
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a tool; what it printed is the message of the failure."""
    done = subprocess.run(
        [need(name), *map(str, arguments)],
        cwd=cwd,
        env={**clean_environment(), **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
    )
    if check and done.returncode:
        pytest.fail(f"{name} {' '.join(map(str, arguments))} -> {done.returncode}\n{done.stdout}")
    return done


def clean_environment() -> dict[str, str]:
    """The environment without what belongs to the running tests."""
    dropped = ("VIRTUAL_ENV", "PYTEST_", "COV_", "CI", "GITHUB_", "PROJECT_ROOT", "PYTHONPATH")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
    return {**kept, "PATH": path()}


def cache() -> Path:
    """A folder outside the repository for what is dear to make and never changes."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "mlops-ladder"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
