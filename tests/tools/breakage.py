"""Things that a pipeline must find."""

from pathlib import Path

from tests import ladder


def secret(project: Path) -> None:
    """A password in a settings file (in parts here, so that this file holds none)."""
    password = "-".join(["correct", "horse", "battery"])
    (project / "settings.toml").write_text(f'password = "{password}"\n')


def type_error(project: Path) -> None:
    """A function that returns something else than it says."""
    package = next((project / "src").iterdir())
    (package / "wrong.py").write_text('"""Wrong."""\n\n\ndef half(x: int) -> str:\n    return x / 2\n')


def everything(project: Path) -> None:
    """Something for every job: a secret, a type error, a broken test and a missing table."""
    secret(project)
    type_error(project)
    (project / "tests/conftest.py").write_text("raise SystemExit(1)\n")
    (project / "data/flights.parquet").unlink()
    ladder.commit(project, "Break everything")
