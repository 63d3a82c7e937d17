"""Making, changing and running projects, as the tests do it."""

import hashlib
import os
import shutil
import subprocess
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import copier
import yaml

ROOT = Path(__file__).parents[1]
# What belongs to this repository's own environment, or makes each process compile every library anew.
DROPPED = {"VIRTUAL_ENV", "PROJECT_ROOT", "DATA_PATH", "PYTHONDONTWRITEBYTECODE"}
GIT = ["git", "-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
# Copier refuses unknown choices but ignores unknown names, so a typo would test nothing.
QUESTIONS: dict[str, dict[str, Any]] = {}


def questions() -> dict[str, dict[str, Any]]:
    """copier.yml's questions by name."""
    if not QUESTIONS:
        text = (ROOT / "copier.yml").read_text(encoding="utf-8").split("--- !include")[0]
        entries = yaml.safe_load(text)
        QUESTIONS.update({name: entry for name, entry in entries.items() if not name.startswith("_")})
    return QUESTIONS


def run(command: Sequence[object], folder: Path, check: Any = True, **env: Any) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, outside this repository's own environment."""
    kept = {k: v for k, v in os.environ.items() if k not in DROPPED}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=kept | env,
        text=True,
        encoding="utf-8",
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if check and done.returncode:
        raise AssertionError(f"{command} ended with {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
    return done


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder; returns what it prints."""
    return run([*GIT, *arguments], folder).stdout.strip()


def commit(folder: Path, message: str) -> None:
    """Commit everything that is not ignored."""
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", f"--message={message}")


def clone(folder: Path) -> None:
    """Copy this checkout's tracked and new files into a repository of its own, tagged 0.1.0."""
    listed = run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], ROOT).stdout
    for name in listed.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    commit(folder, "Release")
    git(folder, "tag", "0.1.0")


def check_names(answers: Mapping[str, Any]) -> None:
    """Refuse answers to questions that are not asked."""
    if unknown := set(answers) - set(questions()):
        raise KeyError(f"copier.yml does not ask {sorted(unknown)}")


def render(source: Path, folder: Path, answers: Mapping[str, Any]) -> Path:
    """`copier copy` with these answers, defaults for the rest, and no trust."""
    check_names(answers)
    copier.run_copy(str(source), str(folder), data=dict(answers), defaults=True, quiet=True)
    return folder


def update(folder: Path, answers: Mapping[str, Any], vcs_ref: Any = None) -> None:
    """The documented climb: `copier update --defaults --vcs-ref=:current: --context-lines 100000`."""
    check_names(answers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        copier.run_update(
            str(folder),
            data=dict(answers),
            defaults=True,
            overwrite=True,
            quiet=True,
            vcs_ref=vcs_ref or copier.VcsRef.CURRENT,
            context_lines=100_000,
        )


def copied(project: Path, folder: Path) -> Path:
    """A copy of a project with its history: only what is committed, for others may be running the project."""
    run(["git", "clone", "--quiet", project, folder], project)
    git(folder, "remote", "remove", "origin")
    return folder


def key(answers: Mapping[str, Any]) -> str:
    """What tells projects apart: the answers that are not the default anyway."""
    check_names(answers)
    given = {name: value for name, value in answers.items() if value != questions()[name].get("default")}
    return "-".join(f"{name}={value}" for name, value in sorted(given.items()))


def slug(key: str) -> str:
    """A short folder name for a key."""
    return hashlib.sha256(key.encode()).hexdigest()[:10]


def tree(folder: Path) -> dict[str, bytes]:
    """Every file of a project with its content; git's folder and what commands made are left out."""
    left_out = {".git", ".venv", "__pycache__", "uv.lock", ".pytest_cache", ".ruff_cache", ".mypy_cache"}
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not left_out & set(path.relative_to(folder).parts)
    }


def conflicts(folder: Path) -> str:
    """What shows that an update did not merge: unmerged paths, markers, rejected hunks."""
    unmerged = run(["git", "ls-files", "-u"], folder).stdout
    checked = run(["git", "diff", "--check"], folder, check=False).stdout
    markers = [line for line in checked.splitlines() if "conflict marker" in line]
    return "\n".join([unmerged, *markers, *map(str, folder.rglob("*.rej"))]).strip()
