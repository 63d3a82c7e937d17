"""The tests of what a project gets in src/lifecycle, as it stands in template/: no installation, one rendering.

ANSWERS="level=1 tracking=wandb framework=lightgbm" runs those that hold there for a project of other choices."""

import os
import sys
import textwrap
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from tests.lifecycle import rendered

ORIGINAL = rendered.project()
OTHER = "wandb" if rendered.answers().get("tracking", "mlflow") == "mlflow" else "mlflow"
collect_ignore = [f"development/test_tracking_{OTHER}.py", *rendered.above(int(rendered.answers()["level"]))]

from lifecycle import extensions  # noqa: E402
from lifecycle.testing import cli, rows, trained, workspace  # noqa: E402, F401

Write = Callable[[str, str], None]
HERE = Path(__file__).parent
# Fixtures set variables for the whole session: other tests of this repository must not see them.
ENVIRONMENT = rendered.environment(ORIGINAL)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, bool | None, bool | None]:
    """Run a test of this folder in an environment of its own, which the next one finds again."""
    if HERE not in item.path.parents:
        return (yield)
    outside = dict(os.environ)
    os.environ.clear()
    os.environ.update(ENVIRONMENT)
    try:
        return (yield)
    finally:
        ENVIRONMENT.clear()
        ENVIRONMENT.update(os.environ)
        os.environ.clear()
        os.environ.update(outside)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of a file share fixtures: one worker of a parallel run has them all."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Add a module to a user's package that lies in a folder of its own."""
    folder = tmp_path / "own_package"
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(extensions, "yours", lambda: ("own_package", folder))

    def write(name: str, text: str) -> None:
        (folder / name).write_text(textwrap.dedent(text))
        extensions.marks.cache_clear()

    yield write
    extensions.marks.cache_clear()
    for name in [name for name in sys.modules if name.startswith("own_package")]:
        del sys.modules[name]
