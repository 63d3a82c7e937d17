"""The climb: `copier update` gives what a fresh copy gives, and never hurts what people wrote."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import ladder
from tests.tools import environment

Render = Callable[..., Path]
NAME = {"project_name": "Living project"}


def moved(rendered: Render, folder: Path, start: dict[str, Any], goal: dict[str, Any]) -> Path:
    """A project made with one set of answers and updated to another."""
    project = Path(shutil.copytree(rendered(**start), folder))
    ladder.commit(project, "Start")
    ladder.update(project, goal)
    return project


@pytest.mark.parametrize(
    ("start", "goal"),
    [
        ({"level": 0}, {"level": 1}),
        ({"level": 1}, {"level": 0}),
        ({"level": 0, "problem_type": "regression", "framework": "lightgbm"}, {"level": 1}),
        ({"level": 1}, {"ci": "gitlab"}),
        ({"level": 1, "ci": "gitlab"}, {"ci": "github"}),
        ({"level": 1}, {"tracking": "wandb"}),
        ({"level": 1, "tracking": "wandb"}, {"tracking": "mlflow"}),
        ({"level": 1}, {"artifact_store": "s3"}),
        ({"level": 0}, {"level": 1, "ci": "gitlab", "tracking": "wandb", "artifact_store": "azure"}),
        ({"level": 1}, {"level": 2}),
        ({"level": 0}, {"level": 2}),
        ({"level": 2}, {"level": 1}),
        ({"level": 2}, {"level": 0}),
        ({"level": 0, "ci": "gitlab", "orchestrator": "dagster"}, {"level": 2}),
        ({"level": 2}, {"ci": "gitlab", "tracking": "wandb"}),
        ({"level": 2, "orchestrator": "airflow"}, {"orchestrator": "prefect", "compute": "ray"}),
        ({"level": 2, "orchestrator": "dagster", "compute": "ray"}, {"orchestrator": "none", "compute": "local"}),
    ],
    ids=str,
)
def test_an_update_equals_a_fresh_copy(start: Any, goal: Any, rendered: Render, tmp_path: Path) -> None:
    updated = moved(rendered, tmp_path / "updated", start, goal)
    assert ladder.tree(updated) == ladder.tree(rendered(**(start | goal)))
    assert ladder.conflicts(updated) == ""
    assert not [
        path for path in updated.rglob("*") if path.is_dir() and not any(path.iterdir()) and ".git" not in path.parts
    ]


def test_updating_to_where_one_stands_changes_nothing(rendered: Render, tmp_path: Path) -> None:
    project = moved(rendered, tmp_path / "project", {"level": 1}, {"level": 1})
    assert ladder.git(project, "status", "--porcelain") == ""


OWN_MODEL = '''"""The model: a forest, because the team knows it."""

from typing import Any

from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline


def build(params: dict[str, Any], seed: int) -> Pipeline:
    """Trees that do not know what missing is."""
    forest = RandomForestClassifier(**params, random_state=seed)
    return make_pipeline(SimpleImputer(keep_empty_features=True), forest)
'''
OWN_METRICS = '''"""The metrics: what a missed case costs."""

import pandas as pd

PRIMARY = "cost"
GREATER_IS_BETTER = False


def score(truth: pd.Series, prediction: pd.DataFrame) -> dict[str, float]:
    """Ten for a missed case, one for a false alarm."""
    missed = (truth.astype(str) == "yes") & (prediction["prediction"].astype(str) == "no")
    alarm = (truth.astype(str) == "no") & (prediction["prediction"].astype(str) == "yes")
    return {"cost": float((10 * missed + alarm).mean()), "missed": float(missed.mean())}
'''
OWN_COMMAND = '''"""Say hello to the team."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import Any

from lifecycle.extensions import extends


@extends("command")
def command(parser: ArgumentParser) -> Callable[[Namespace], dict[str, Any]]:
    """No options."""

    def run(arguments: Namespace) -> dict[str, Any]:
        print("hello")
        return {"hello": "team"}

    return run
'''


def own_table(path: Path) -> None:
    """A table that the template was not made for: 400 customers, semicolons and decimal commas."""
    lines = ["customer;age;plan;spent;left"]
    for number in range(400):
        leaves = "yes" if (number * 7919 % 100) / 100 < (0.7 if number % 3 == 0 else 0.1) else "no"
        plan = ("basic", "plus", "pro")[number % 3]
        lines.append(f"C{number};{20 + number * 31 % 60};{plan};{number * 17 % 90},5;{leaves}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def live_in(project: Path) -> dict[str, str]:
    """Do to a project what teams do; returns the lines that must still be there, by path."""
    package = "src/living_project"

    def edit(path: str, old: str, new: str) -> str:
        text = (project / path).read_text(encoding="utf-8")
        assert old in text
        (project / path).write_text(text.replace(old, new, 1), encoding="utf-8")
        return new

    def add(path: str, text: str) -> str:
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text, encoding="utf-8")
        return text

    settings = (project / "params.yaml").read_text(encoding="utf-8").partition("model:")[0]
    return {
        f"{package}/model.py": add(f"{package}/model.py", OWN_MODEL),
        f"{package}/metrics.py": add(f"{package}/metrics.py", OWN_METRICS),
        f"{package}/hello.py": add(f"{package}/hello.py", OWN_COMMAND),
        "params.yaml": add("params.yaml", f"{settings}model:\n  n_estimators: 30\n"),
        "pyproject.toml": edit("pyproject.toml", "dependencies = []", 'dependencies = ["tabulate>=0.9", "tqdm>=4.60"]'),
        "README.md": edit("README.md", "## Start", "## Who to ask\n\nThe churn team, room 4.\n\n## Start"),
        ".gitignore": edit(".gitignore", "# Yours:\n", "# Yours:\n/scratch/\n"),
        "src/lifecycle/cli.py": edit(
            "src/lifecycle/cli.py", "import sys\n", "import sys\n\n# Ours: keep an eye on this.\n"
        ),
        ".github/workflows/nightly.yml": add(
            ".github/workflows/nightly.yml",
            "name: nightly\non:\n  schedule:\n    - cron: '0 3 * * *'\npermissions: {}\njobs:\n  hello:\n"
            "    runs-on: ubuntu-latest\n    steps:\n      - run: echo hello\n",
        ),
    }


def test_a_lived_in_project_climbs_without_a_conflict_or_a_lost_line(
    render: Render, live: Render, tmp_path: Path
) -> None:
    own_table(tmp_path / "customers.csv")
    answers = {"data_path": str(tmp_path / "customers.csv"), "target": "left", "id_column": "customer"}
    project = render(tmp_path / "project", **NAME, **answers, level=0)
    ladder.commit(project, "Start")
    kept = live_in(project)
    ladder.commit(project, "Make it ours")
    before = {path: content.decode() for path, content in ladder.tree(project).items() if not path.endswith(".parquet")}
    shared = {"pyproject.toml", "MATURITY.md", ".copier-answers.yml"}
    for level in (1, 2):
        ladder.update(project, {"level": level})
        assert ladder.conflicts(project) == ""
        for path, text in kept.items():
            assert text in (project / path).read_text(encoding="utf-8")
        assert {path for path, text in before.items() if (project / path).read_text(encoding="utf-8") != text} <= shared
        ladder.commit(project, f"Climb to level {level}")
    environment.link(live(level=2) / ".venv", project / ".venv")
    scores = ladder.run(["uv", "run", "living-project", "train", "--json"], project).stdout
    assert '"cost"' in scores
    assert "hello" in ladder.run(["uv", "run", "living-project", "hello"], project).stdout
    ladder.run(["uv", "run", "pytest", "--quiet"], project)
