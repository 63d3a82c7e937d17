"""Where the project keeps things, its settings, and how its parts find each other."""

import hashlib
import importlib
import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

PACKAGE = Path(__file__).parent


class Failure(Exception):
    """What a person can mend: the command line prints it and exits with code 2."""


def root() -> Path:
    """The folder that everything is read from and written to: $PROJECT_ROOT or this checkout."""
    return Path(os.environ.get("PROJECT_ROOT") or PACKAGE.parents[1])


def name() -> str:
    """The command's name, for messages: my-model."""
    return PACKAGE.name.replace("_", "-")


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
    """The settings in conf/<file>.yaml."""
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


def defining(function: str) -> Iterator[tuple[Path, str]]:
    """Extension points: the files of this package that define `def <function>(`, and their modules.

    command(parser) -> run   a command of the command line (see cli.py)
    training(run)            a context around a training (see development/train.py)
    evidence()               what `maturity` looks at (see maturity.py)

    Files are read as text, so that a module nobody needs is never imported."""
    for path in sorted(PACKAGE.glob("**/*.py")):
        if f"\ndef {function}(" in path.read_text(encoding="utf-8"):
            parts = path.relative_to(PACKAGE).with_suffix("").parts
            yield path, "." + ".".join(parts)


def modules(function: str) -> Iterator[ModuleType]:
    """The modules of an extension point, imported."""
    return (importlib.import_module(module, __package__) for _, module in defining(function))


def table(rows: list[dict[str, Any]]) -> "Table":
    """Rows as a table to print with rich; a row may lack columns."""
    from rich import box
    from rich.table import Table

    names = list(dict.fromkeys(name for row in rows for name in row))
    made = Table(*(name.replace("_", " ") for name in names), box=box.SIMPLE)
    for row in rows:
        made.add_row(*(str(row.get(name, "")) for name in names))
    return made


def write_page(path: Path, title: str, console: "Console", pictures: str = "") -> None:
    """What a recording console printed, then pictures (SVG), as a page that needs no other file."""
    page = console.export_html(
        code_format=f"<!DOCTYPE html><meta charset=utf-8><title>{title}</title>"
        f"<body style='font-family:sans-serif;margin:2rem'><h1>{title}</h1>"
        "<pre style='overflow-x:auto'>{code}</pre>",
        inline_styles=True,
    )
    write_atomically(path, page + pictures)


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
