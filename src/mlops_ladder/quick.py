"""The project's own quick checks, and its first command on a rung."""

import os
import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

from mlops_ladder.git import environment
from mlops_ladder.packages import LEFT_OUT, last_line, uv
from mlops_ladder.project import Project

CHECKS = {
    "its linter": ("ruff", "check", "--quiet"),
    "its types": ("mypy",),
    "its command": ("{command}", "--help"),
    "its tests can be found": ("pytest", "--collect-only", "-q", "-p", "no:cacheprovider"),
}


@dataclass(frozen=True)
class Check:
    """What came of a check; `before` is what came of it before the climb."""

    name: str
    command: str
    passed: bool
    before: bool
    output: str = ""


def command(project: Project) -> str:
    """The project's own command, by the name that it has in pyproject.toml."""
    try:
        settings = tomllib.loads((project.folder / "pyproject.toml").read_text(encoding="utf-8"))
        return str(next(iter(settings["project"]["scripts"])))
    except (OSError, ValueError, KeyError, StopIteration):
        return "python -m lifecycle.cli"


def installed(project: Project) -> bool:
    """Whether uv and the project's environment are on this machine, so that checks need no long installation."""
    return shutil.which("uv") is not None and environment_of(project).is_dir()


def environment_of(project: Project) -> Path:
    """Where uv keeps the project's environment."""
    return project.folder / os.environ.get("UV_PROJECT_ENVIRONMENT", ".venv")


def look(project: Project, *options: str) -> dict[str, subprocess.CompletedProcess[str]]:
    """Run every check whose tool the project has, with options for `uv run`."""
    return {
        name: uv(project.folder, "run", "-q", *options, *_filled(words, project))
        for name, words in CHECKS.items()
        # Asked one by one, for the first brings the environment up to date.
        if name != "its types" or _has(project, words[0])
    }


def compare(project: Project, before: dict[str, subprocess.CompletedProcess[str]]) -> tuple[Check, ...]:
    """Run the checks again; one that failed before as well is not held against the climb.

    One whose tool came with the climb is: the rung's CI runs it too."""
    return tuple(
        Check(
            name,
            " ".join(["uv", "run", *_filled(CHECKS[name], project)]),
            done.returncode == 0,
            name not in before or before[name].returncode == 0,
            "" if done.returncode == 0 else last_line(done.stdout) or last_line(done.stderr),
        )
        for name, done in (look(project) if before else {}).items()
    )


def _has(project: Project, tool: str) -> bool:
    """Whether a tool is in the project's environment."""
    folder = "Scripts" if os.name == "nt" else "bin"
    return any((environment_of(project) / folder).glob(f"{tool}*"))


def run(project: Project, line: str, quietly: bool) -> int:
    """Run a command of the project's for people to see; `quietly` keeps it out of what this command prints."""
    env = {key: value for key, value in environment().items() if key not in LEFT_OUT}
    return subprocess.run(
        line.split(), cwd=project.folder, env=env, check=False, stdout=2 if quietly else None
    ).returncode


def _filled(words: tuple[str, ...], project: Project) -> list[str]:
    return " ".join(words).format(command=command(project)).split()
