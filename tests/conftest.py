"""What the tests share: a clone of the template as a user gets it, and projects made from it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from tests import ladder

pytest_plugins = ["tests.tools.unproven"]


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of a parallel run share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if base.name.startswith("popen-") else base) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def source(shared: Path) -> Path:
    """A clone of this checkout, uncommitted changes included, with a tag as Copier needs it."""
    with FileLock(shared / "source.lock"):
        if not (shared / "source").exists():
            ladder.clone(shared / "draft")
            (shared / "draft").rename(shared / "source")
    return shared / "source"


@pytest.fixture
def render(source: Path) -> Callable[..., Path]:
    """Make a project: render(folder, level=1, ci="gitlab", ...)."""
    return lambda folder, **answers: ladder.render(source, folder, answers)


@pytest.fixture(scope="session")
def live(source: Path, shared: Path) -> Callable[..., Path]:
    """A committed and installed project with these answers, made once a session: look, do not touch."""

    def make(**answers: object) -> Path:
        key = "-".join(f"{name}={value}" for name, value in sorted(answers.items())) or "defaults"
        folder = shared / "live" / ladder.slug(key)
        with FileLock(shared / f"{folder.name}.lock"):
            if not (folder / ".venv" / "installed").exists():
                shutil.rmtree(folder, ignore_errors=True)
                ladder.render(source, folder, {"project_name": "Living project", **answers})
                ladder.commit(folder, "Start")
                ladder.run(["uv", "sync", "--quiet"], folder)
                ladder.commit(folder, "Lock the environment")
                (folder / ".venv" / "installed").touch()
        return folder

    return make


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--renew-golden", action="store_true", help="accept the lists of generated files as they are now")
