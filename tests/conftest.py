"""What the tests share: a clone of the template as a user gets it, and projects made from it."""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from tests import ladder
from tests.tools import environment

pytest_plugins = ["tests.tools.unproven"]

# A shell that starts the tests in the background lets them ignore Ctrl-C, and all that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

LONGEST = ("test_tutorial", "test_projects", "test_demo", "test_readme", "test_registry", "test_orchestrators")


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


@pytest.fixture(scope="session", autouse=True)
def types(worker_id: str) -> None:
    """mypy remembers the types of libraries by what is in them: all projects that a worker checks share that,
    and so do the sessions of this checkout."""
    os.environ["MYPY_CACHE_DIR"] = str(ladder.ROOT / ".mypy_cache" / f"tests-{worker_id}")


@pytest.fixture(scope="session")
def rendered(source: Path, shared: Path) -> Callable[..., Path]:
    """What the template gives for these answers and a project name, made once a session: look, do not touch."""

    def make(**answers: object) -> Path:
        key = ladder.slug(ladder.key({"project_name": "Living project", **answers}))
        folder = shared / "rendered" / key
        with FileLock(shared / f"rendered-{key}.lock"):
            if not folder.exists():
                draft = folder.with_suffix(".draft")
                ladder.render(source, draft, {"project_name": "Living project", **answers})
                draft.rename(folder)
        return folder

    return make


@pytest.fixture(scope="session")
def live(rendered: Callable[..., Path], shared: Path) -> Callable[..., Path]:
    """A committed and installed project with these answers, made once a session: look, do not touch.

    The first one of a level is installed from nothing, others from there."""

    def make(**answers: object) -> Path:
        folder = shared / "live" / ladder.slug(ladder.key(answers))
        with FileLock(shared / f"{folder.name}.lock"):
            if not (folder / ".venv" / "installed").exists():
                shutil.rmtree(folder, ignore_errors=True)
                shutil.copytree(rendered(**answers), folder)
                ladder.commit(folder, "Start")
                first = shared / f"first-{answers.get('level', ladder.questions()['level']['default'])}"
                with FileLock(shared / "first.lock"):
                    if first.exists():
                        environment.link(first.resolve(), folder / ".venv")
                    ladder.run(["uv", "sync", "--quiet"], folder)
                    if not first.exists():
                        first.symlink_to(folder / ".venv")
                ladder.commit(folder, "Lock the environment")
                (folder / ".venv" / "installed").touch()
        return folder

    return make


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long comes first, then groups, so that no worker of a parallel run is left alone at the end."""

    def place(item: pytest.Item) -> tuple[int, int]:
        if item.path.stem in LONGEST:
            return 0, LONGEST.index(item.path.stem)
        if "live" in getattr(item, "fixturenames", ()):
            return 1, 0
        return (2 if item.get_closest_marker("xdist_group") else 3), 0

    items.sort(key=place)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--renew-golden", action="store_true", help="accept the lists of generated files as they are now")
