"""The package can be found one's way in: small modules of different names, and lower levels do not know higher ones."""

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mlops_ladder import levels
from tests import ladder
from tests.lifecycle.rendered import SOURCE

CAPABILITIES = levels.read(ladder.ROOT / "levels")
PREFIX = "src/lifecycle/"
# Each module with the level that brings it.
MODULES = {
    SOURCE / item.name.removeprefix(PREFIX): capability.level
    for capability in CAPABILITIES
    for item in capability.files
    if item.name.startswith(PREFIX)
}
# Which distribution an imported name comes from.
DISTRIBUTIONS = packages_distributions()


def named(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """What a module imports, wherever in it: dots, module, names."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or "", tuple(alias.name for alias in node.names)


def inside(path: Path) -> Iterator[Path]:
    """The modules of the package that a module imports."""
    for dots, module, names in imports(path):
        if dots == 0 and module.partition(".")[0] != "lifecycle":
            continue
        base = path.parents[dots - 1] if dots else SOURCE.parent
        target = base.joinpath(*filter(None, module.split(".")))
        files = (target.with_suffix(".py"), *(target / f"{name}.py" for name in names), target / "__init__.py")
        for candidate in files:
            if candidate in MODULES:
                yield candidate


def outside(path: Path) -> set[str]:
    """The distributions that a module imports from."""
    tops = {module.partition(".")[0] for dots, module, _ in imports(path) if dots == 0}
    return {
        canonicalize_name(DISTRIBUTIONS.get(top, [top])[0])
        for top in tops - {"lifecycle", "__future__"}
        if top not in sys.stdlib_module_names
    }


def declared(level: int) -> set[str]:
    """The distributions that projects of a level have."""
    items = [item for one in CAPABILITIES if one.level <= level for item in (*one.packages, *one.tools)]
    return {canonicalize_name(Requirement(item.name).name) for item in items}


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_module_is_short(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= 200


def test_functions_are_short() -> None:
    found = {
        f"{named(path)}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in MODULES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: lines for name, lines in found.items() if lines > 40} == {}


def test_no_two_modules_have_one_name() -> None:
    counts = Counter(path.stem for path in MODULES if path.stem != "__init__")
    # A choice of the stack has a module of its name in each package of choices.
    choices = {"mlflow", "wandb", "local", "ray"}
    assert {name for name, count in counts.items() if count > 1} <= choices


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_module_imports_nothing_of_a_higher_level(path: Path) -> None:
    assert {named(other) for other in inside(path) if MODULES[other] > MODULES[path]} == set()


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_what_a_module_imports_is_declared(path: Path) -> None:
    assert outside(path) - declared(MODULES[path]) == set()
