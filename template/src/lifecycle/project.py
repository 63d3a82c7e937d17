"""Where the project keeps things, and its settings."""

import hashlib
import importlib
import os
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

PACKAGE = Path(__file__).parent


class Failure(Exception):
    """What a person can mend: the command line prints it and exits with code 2."""


def root() -> Path:
    """The folder that everything is read from and written to: $PROJECT_ROOT or the project."""
    return Path(os.environ.get("PROJECT_ROOT") or home(Path.cwd()))


@cache
def home(here: Path) -> Path:
    """The project that this package lies in or, if it lies in none, the one around `here`.

    Two projects in one environment overwrite each other's package: raises Failure if `here` is in
    another project than the package."""
    held = PACKAGE.parents[1]
    around = next((folder for folder in (here, *here.parents) if pyproject(folder)), held)
    if not pyproject(held):
        held = around
    if around.resolve() != held.resolve():
        raise Failure(
            f"this environment belongs to {held}, and {around} is another project: "
            "start the command there with `uv run`, or set PROJECT_ROOT"
        )
    if not pyproject(held):
        raise Failure(f"{here} is in no project: its pyproject.toml needs [tool.lifecycle]")
    return held


@cache
def pyproject(folder: Path) -> dict[str, Any]:
    """The pyproject.toml of a project's folder; empty if that is no project of this kind."""
    try:
        found = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    except OSError:
        return {}
    except ValueError as error:
        raise Failure(f"{folder / 'pyproject.toml'} cannot be read: {error}") from None
    return found if "lifecycle" in found.get("tool", {}) else {}


def described() -> dict[str, Any]:
    """The pyproject.toml of the project that is worked in."""
    return pyproject(root()) or pyproject(home(Path.cwd()))


def settings() -> dict[str, Any]:
    """What the project was made with, [tool.lifecycle]: package, level, problem type and tools."""
    return dict(described()["tool"]["lifecycle"])


def name() -> str:
    """The command's name, for messages: my-model."""
    scripts = described().get("project", {}).get("scripts", {})
    ours = (script for script, target in scripts.items() if target == f"{__package__}.cli:main")
    return next(ours, str(settings()["package"]).replace("_", "-"))


def read_yaml(path: Path) -> dict[str, Any]:
    """A settings file as a dictionary; raises Failure if it is missing or is not YAML."""
    import yaml

    try:
        # The loader in C is ten times as fast.
        values = yaml.load(path.read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, yaml.YAMLError) as error:
        raise Failure(f"{path} cannot be read: {error}") from None
    if not isinstance(values, dict):
        raise Failure(f"{path} must hold `name: value` lines")
    return values


def conf(file: str = "data") -> dict[str, Any]:
    """The settings in conf/<file>.yaml; those of the data are checked, with defaults for gaps."""
    if file == "data":
        from .data import dataset

        return dataset.settings().model_dump(by_alias=True)
    return read_yaml(root() / "conf" / f"{file}.yaml")


def params() -> dict[str, Any]:
    """The parameters of a training: params.yaml."""
    return read_yaml(root() / "params.yaml")


def data_path() -> Path:
    """The table to learn from: $DATA_PATH, else `path` in conf/data.yaml."""
    path = root() / Path(os.environ.get("DATA_PATH") or conf()["path"]).expanduser()
    if not path.is_file():
        raise Failure(
            f"there is no file {path}: mend `path` in conf/data.yaml or set DATA_PATH to the table"
        )
    return path


def chosen(question: str, package: str) -> Any:
    """The module of a package that is named like the answer to a question of the stack."""
    return importlib.import_module(f"{package}.{settings()[question]}")


def table(rows: list[dict[str, Any]]) -> "Table":
    """Rows as a table to print with rich; a row may lack columns."""
    from rich import box
    from rich.table import Table

    names = list(dict.fromkeys(name for row in rows for name in row))
    made = Table(*(name.replace("_", " ") for name in names), box=box.SIMPLE)
    for row in rows:
        made.add_row(*(str(row.get(name, "")) for name in names))
    return made


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(content if isinstance(content, bytes) else content.encode())
    draft.replace(path)


def md5(path: Path) -> str:
    """The MD5 of a file: the version of the data (DVC names a file by the same hash)."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()
