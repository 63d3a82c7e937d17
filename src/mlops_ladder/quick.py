"""The project's own quick checks, and its first command on a rung."""

import os
import subprocess
from dataclasses import dataclass

from mlops_ladder.git import environment
from mlops_ladder.packages import LEFT_OUT, last_line, uv
from mlops_ladder.project import Project

CHECKS = {
    "its linter": ("ruff", "check", "--quiet"),
    "its command": ("{slug}", "--help"),
    "its tests can be found": ("pytest", "--collect-only", "-q", "-p", "no:cacheprovider"),
}


@dataclass(frozen=True)
class Check:
    """What came of a check; `before` is what came of it before the climb."""

    name: str
    command: str
    passed: bool
    before: bool
    said: str = ""


def slug(project: Project) -> str:
    """The name of the project's command, as copier.yml makes it from the project's name."""
    words = "".join(c if c.isascii() and c.isalnum() else " " for c in str(project.answers["project_name"]).lower())
    return "-".join(words.split())


def installed(project: Project) -> bool:
    """Whether the project's environment is on this machine, so that its checks need no long installation."""
    return (project.folder / os.environ.get("UV_PROJECT_ENVIRONMENT", ".venv")).is_dir()


def look(project: Project) -> dict[str, subprocess.CompletedProcess[str]]:
    """Run every check; nothing where the project is not installed."""
    if not installed(project):
        return {}
    return {name: uv(project.folder, "run", "--quiet", *_filled(command, project)) for name, command in CHECKS.items()}


def compare(project: Project, before: dict[str, subprocess.CompletedProcess[str]]) -> tuple[Check, ...]:
    """Run the checks again; one that failed before as well is not held against the climb."""
    return tuple(
        Check(
            name,
            " ".join(["uv", "run", *_filled(CHECKS[name], project)]),
            done.returncode == 0,
            before[name].returncode == 0,
            "" if done.returncode == 0 else last_line(done.stdout) or last_line(done.stderr),
        )
        for name, done in (look(project) if before else {}).items()
    )


def run(project: Project, command: str, quietly: bool) -> int:
    """Run a command of the project's for people to see; `quietly` keeps it out of what this command prints."""
    env = {key: value for key, value in environment().items() if key not in LEFT_OUT}
    words = command.split()
    return subprocess.run(words, cwd=project.folder, env=env, check=False, stdout=2 if quietly else None).returncode


def _filled(command: tuple[str, ...], project: Project) -> list[str]:
    return [part.format(slug=slug(project)) for part in command]
