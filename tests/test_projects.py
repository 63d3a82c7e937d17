"""Generated projects, really run: installed, linted, typed, trained, tested by their own tests."""

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import ladder
from tests.tools import environment

Live = Callable[..., Path]
WHOLE: list[dict[str, Any]] = [
    *({"level": level, "problem_type": kind} for level in (0, 1) for kind in ("classification", "regression")),
    {"level": 2, "problem_type": "classification"},
]
# Each other choice at least once, at the level where it matters most.
CHOICES: list[dict[str, Any]] = [
    {"level": 2, "problem_type": "regression", "framework": "xgboost"},
    {"level": 2, "framework": "lightgbm", "tracking": "wandb", "ci": "gitlab"},
    {"level": 0, "framework": "xgboost", "problem_type": "regression", "license": "MIT"},
]


def key(answers: dict[str, Any]) -> str:
    return "-".join(str(value) for value in answers.values())


def projects(*answers: dict[str, Any]) -> list[Any]:
    """One worker of a parallel run makes and uses a project, so that none waits for another."""
    return [pytest.param(each, id=key(each), marks=pytest.mark.xdist_group(key(each))) for each in answers]


@pytest.mark.parametrize("answers", projects(*WHOLE, *CHOICES))
def test_a_project_passes_its_own_linters(answers: dict[str, Any], live: Live) -> None:
    project = live(**answers)
    ladder.run(["uv", "run", "ruff", "check", "--no-cache"], project)
    ladder.run(["uv", "run", "ruff", "format", "--check", "--no-cache"], project)
    ladder.run(["uv", "run", "--with", "mypy", "mypy"], project)


@pytest.mark.parametrize("answers", projects(*WHOLE, *CHOICES))
def test_a_project_trains_and_passes_its_own_tests(answers: dict[str, Any], live: Live) -> None:
    project = live(**answers)
    facts = json.loads(ladder.run(["uv", "run", "living-project", "train", "--json"], project).stdout)
    primary, better = facts["primary"], 1 if facts["greater_is_better"] else -1
    assert better * facts["metrics"][primary] > better * facts["baseline"][primary]
    ladder.run(["uv", "run", "pytest", "--quiet"], project)


@pytest.mark.parametrize("answers", projects(*WHOLE[2:], *CHOICES[:2]))
def test_a_project_passes_its_slow_proofs(answers: dict[str, Any], live: Live) -> None:
    done = ladder.run(["uv", "run", "pytest", "--quiet", "-m", "slow"], live(**answers), check=False)
    assert done.returncode in (0, 5), done.stdout


@pytest.mark.parametrize("version", ["3.12", "3.13", "3.14"])
def test_other_python_versions_resolve(version: str, render: Callable[..., Path], tmp_path: Path) -> None:
    project = render(tmp_path / "project", python_version=version, level=2, compute="ray")
    project_groups = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    groups = [part for group in project_groups for part in ("--group", group)]
    compiled = ladder.run(
        ["uv", "pip", "compile", "--quiet", "--python-version", version, *groups, "--no-header"], project
    ).stdout
    assert "scikit-learn==" in compiled
    assert f'requires-python = ">={version}' in (project / "pyproject.toml").read_text(encoding="utf-8")


@pytest.mark.xdist_group(key(WHOLE[2]))
def test_code_without_annotations_fails_no_job(live: Live, tmp_path: Path) -> None:
    """What is people's own is linted and typed gently, by the same commands as in their CI."""
    project = ladder.copied(live(**WHOLE[2]), tmp_path / "project")
    environment.link(live(**WHOLE[2]) / ".venv", project / ".venv")
    package = project / "src" / "living_project"
    (package / "helpers.py").write_text(OWN, encoding="utf-8")
    metrics = (package / "metrics.py").read_text(encoding="utf-8")
    untyped = re.sub(r"def score\(.*?\) -> [^:]+:", "def score(y_true, y_pred, weights=None):", metrics, flags=re.S)
    assert untyped != metrics
    (package / "metrics.py").write_text(untyped, encoding="utf-8")
    ladder.run(["uv", "run", "ruff", "check", "--quiet", "--fix"], project)
    ladder.run(["uv", "run", "ruff", "format", "--quiet"], project)
    ladder.commit(project, "Write it as we do")
    jobs = yaml.safe_load((project / ".github/workflows/ci.yml").read_text(encoding="utf-8"))["jobs"]
    commands = {job["name"]: job["command"] for job in jobs["check"]["strategy"]["matrix"]["include"]}
    for name in ("lint", "typing"):
        ladder.run(commands[name].split(), project)
    (package / "helpers.py").write_text("def mean(values):\n    return sum(value) / len(values)\n", encoding="utf-8")
    assert "F821" in ladder.run(["uv", "run", "ruff", "check"], project, check=False).stdout


OWN = '''"""Written in a hurry."""

import os
from typing import List


def mean(values: List):
    if len(values) == 0:
        return None
    else:
        return sum([value for value in values]) / len(values)


def read(name):
    with open(os.path.join("data", name)) as file:  # a comment that goes on and on, for there is so much to say
        return file.read()
'''


def test_the_oldest_versions_that_are_allowed_pass_the_tests(render: Callable[..., Path], tmp_path: Path) -> None:
    project = render(tmp_path / "project", project_name="Living project", level=2)
    ladder.commit(project, "Start")
    ladder.run(["uv", "sync", "--quiet", "--resolution", "lowest-direct"], project)
    listed = ladder.run(["uv", "pip", "list", "--format", "json"], project).stdout
    versions = {package["name"]: package["version"] for package in json.loads(listed)}
    assert versions["pandas"] == "2.2.0" and versions["scikit-learn"] == "1.6.0"
    ladder.run([project / ".venv/bin/python", "-m", "pytest", "--quiet"], project)


def test_help_is_there_for_every_command(live: Live) -> None:
    project = live(level=1, problem_type="classification")
    overview = ladder.run(["uv", "run", "living-project", "--help"], project).stdout
    commands = [line.split()[0] for line in overview.splitlines() if line.startswith("  ")]
    assert {"train", "predict", "serve", "maturity", "describe"} <= set(commands)
    for command in commands:
        page = ladder.run(["uv", "run", "living-project", command, "--help"], project).stdout
        assert "--json" in page
        assert "Examples:" in page, command


def test_help_imports_nothing_heavy(live: Live) -> None:
    project = live(level=1, problem_type="classification")
    script = (
        "import sys, lifecycle.cli as cli; sys.argv = ['x', 'train', '--help']\n"
        "try: cli.main()\nexcept SystemExit: pass\n"
        "print(sorted({'pandas', 'sklearn', 'mlflow', 'fastapi', 'rich', 'numpy'} & set(sys.modules)))"
    )
    assert ladder.run(["uv", "run", "python", "-c", script], project).stdout.splitlines()[-1] == "[]"
