"""The questions: every value makes a sound project, every value matters, and a bad answer writes nothing."""

import json
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import copier
import pytest
import yaml
from allpairspy import AllPairs
from pytest_copie.plugin import Copie

from tests import ladder

OWN_TABLE = {"data_path": "/tables/people.csv", "target": "income", "id_column": "person"}
OWN_COLUMNS = ("target", "time_column", "id_column", "group_column", "weight_column", "sensitive_columns")
# Questions without a list of choices: two values that a person might give.
TYPED: dict[str, list[Any]] = {
    "project_name": ["Demand forecast", "churn-2"],
    "package_name": ["demand", "churn_model_of_a_long_name"],
    "description": ["Predicts demand for planners.", 'Says "late" before it is; 100% {braces} and a \\ backslash.'],
    "organization": ["Acme", "Müller & Söhne"],
    "author_name": ["Data Science Team", "Zoë O'Neil"],
    "author_email": ["data@example.com", "zoe@example.org"],
    "data_path": ["data/flights.parquet", "/tables/people.csv"],
    "target": ["income", "Jährlicher Umsatz"],
    "time_column": ["", "sold at"],
    "id_column": ["", "person"],
    "group_column": ["", "household"],
    "weight_column": ["", "count"],
    "sensitive_columns": [[], ["sex", "age: group"]],
}


def values() -> dict[str, list[Any]]:
    """The values to try of every question that is asked."""
    found: dict[str, list[Any]] = {}
    for name, question in ladder.questions().items():
        if question.get("when") is not False:
            choices = question.get("choices") or TYPED[name]
            found[name] = list(choices.values() if isinstance(choices, dict) else choices)
    return found


PAIRS = [dict(zip(values(), row, strict=True)) for row in AllPairs(list(values().values()))]


def problems(project: Path) -> list[str]:
    """What is wrong with the files of a project, without running it."""
    found = []
    for path, content in ladder.tree(project).items():
        if path.endswith((".parquet", ".png")):
            continue
        text = content.decode()
        parsers: dict[str, Callable[[str], Any]] = {
            ".py": lambda text: compile(text, "file", "exec"),
            ".toml": tomllib.loads,
            ".yml": lambda text: list(yaml.safe_load_all(text)),
            ".yaml": lambda text: list(yaml.safe_load_all(text)),
            ".json": json.loads,
            ".ipynb": json.loads,
        }
        try:
            parsers.get(Path(path).suffix, str)(text)
        except Exception as error:
            found.append(f"{path}: {error}")
        if "{%" in text or "{{ " in text.replace("${{ ", ""):
            found.append(f"{path}: Jinja is left")
        if not text.endswith("\n") or text.endswith("\n\n"):
            found.append(f"{path}: ends without one newline")
        if "\n\n\n\n" in text or " \n" in text.replace("  \n", ""):
            found.append(f"{path}: stray white space")
    folders = (path for path in project.rglob("*") if path.is_dir() and ".git" not in path.parts)
    return found + [f"{folder} is empty" for folder in folders if not any(folder.iterdir())]


@pytest.mark.parametrize("answers", PAIRS, ids=[f"pairs{number}" for number in range(len(PAIRS))])
def test_all_pairs_of_values_make_a_sound_project(answers: dict[str, Any], copie: Copie, source: Path) -> None:
    ladder.check_names(answers)
    result = copie.copy(extra_answers=answers, template_dir=source)
    assert result.exception is None
    assert result.project_dir is not None
    assert problems(result.project_dir) == []


@pytest.mark.parametrize("name", values())
def test_every_value_of_a_question_changes_something(name: str, rendered: Callable[..., Path]) -> None:
    rest: dict[str, Any] = OWN_TABLE if name in {"data_path", *OWN_COLUMNS} else {}
    rest = rest | ({"level": 2} if name in ("orchestrator", "compute") else {})
    trees = []
    for value in values()[name]:
        project = rendered(**(rest | {name: value}))
        trees.append({k: v for k, v in ladder.tree(project).items() if k != ".copier-answers.yml"})
    assert all(a != b for i, a in enumerate(trees) for b in trees[:i])


@pytest.mark.parametrize(
    ("answers", "advice"),
    [
        ({"project_name": "7 dwarfs"}, "Start with a letter"),
        ({"project_name": ""}, "Start with a letter"),
        ({"project_name": "x" * 40}, "at most 39"),
        ({"package_name": "Class"}, "small letter"),
        ({"package_name": "a-b"}, "small letter"),
        ({"package_name": "class"}, "add a word"),
        ({"package_name": "json"}, "add a word"),
        ({"package_name": "pandas"}, "add a word"),
        ({"description": " "}, "Write one line"),
        ({"description": "two\nlines"}, "Write one line"),
        ({"organization": ""}, "on one line"),
        ({"author_name": " "}, "on one line"),
        ({"author_email": "nobody"}, "e-mail address"),
        ({"license": "GPL"}, "license"),
        ({"python_version": "2.7"}, "python_version"),
        ({"level": 5}, "level"),
        ({"level": -1}, "level"),
        ({"problem_type": "clustering"}, "problem_type"),
        ({"framework": "prolog"}, "framework"),
        ({"data_path": "table.docx"}, "ends in .csv"),
        ({**OWN_TABLE, "target": " "}, "column to predict"),
        ({**OWN_TABLE, "time_column": "income"}, "can't be the target"),
        ({**OWN_TABLE, "id_column": "income"}, "can't be the target"),
        ({**OWN_TABLE, "group_column": "person"}, "can't be the target, the time column or the id"),
        ({**OWN_TABLE, "weight_column": "income"}, "all rows count the same"),
        ({**OWN_TABLE, "group_column": "home", "weight_column": "home"}, "or the group column"),
        ({**OWN_TABLE, "sensitive_columns": "sex"}, "list of column names"),
        ({**OWN_TABLE, "sensitive_columns": [1]}, "column names"),
        ({**OWN_TABLE, "sensitive_columns": ["income"]}, "other than the target"),
        ({"ci": "jenkins"}, "ci"),
        ({"tracking": "paper"}, "tracking"),
        ({"artifact_store": "floppy"}, "artifact_store"),
        ({"level": 2, "orchestrator": "cron"}, "orchestrator"),
        ({"level": 2, "compute": "abacus"}, "compute"),
    ],
    ids=lambda value: str(value)[:50] if isinstance(value, dict) else "",
)
def test_a_bad_answer_is_refused_and_writes_nothing(
    answers: dict[str, Any], advice: str, render: Callable[..., Path], tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=advice):
        render(tmp_path / "project", **answers)
    assert not (tmp_path / "project").exists()


@pytest.mark.parametrize("command", ["copy", "update"])
def test_a_table_of_ones_own_needs_a_target(command: str, source: Path, tmp_path: Path) -> None:
    """Also where nobody is asked: Copier says so in one line, and writes nothing."""
    project, given = tmp_path / "project", "--data=data_path=/tables/people.csv"
    goal = [str(source), str(project)] if command == "copy" else ["--vcs-ref=:current:"]
    if command == "update":
        ladder.commit(ladder.render(source, project, {"level": 0}), "Start")
    before = ladder.tree(project)
    arguments = [sys.executable, "-m", "copier", command, "--defaults", "--quiet", given, *goal]
    done = ladder.run(arguments, project if command == "update" else tmp_path, check=False)
    assert done.returncode == 1
    assert "say which column of your table is predicted, with --data target=NAME" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert ladder.tree(project) == before


def test_a_person_is_asked_for_the_target_without_a_suggestion(source: Path, tmp_path: Path) -> None:
    class Asked(copier.errors.CopierError):
        pass

    def prompt(questions: list[dict[str, Any]], answers: dict[str, Any]) -> dict[str, Any]:
        if "target" in answers:
            raise Asked(str(questions[0].get("default", "")))
        return answers

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("copier._main.unsafe_prompt", prompt)
        with pytest.raises(Asked) as asked:
            copier.run_copy(str(source), str(tmp_path / "project"), {"data_path": "/tables/people.csv"}, quiet=True)
    assert str(asked.value) == ""


def test_an_answer_below_the_level_that_uses_it_is_kept(render: Callable[..., Path], tmp_path: Path) -> None:
    early = {"ci": "gitlab", "tracking": "wandb", "artifact_store": "s3", "orchestrator": "airflow", "compute": "ray"}
    project = render(tmp_path / "project", level=0, **early)
    recorded = yaml.safe_load((project / ".copier-answers.yml").read_text(encoding="utf-8"))
    assert {name: recorded[name] for name in early} == early
    assert "gitlab" not in (project / "pyproject.toml").read_text(encoding="utf-8")


def test_a_misspelt_question_is_refused_by_the_helper(render: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="levle"):
        render(tmp_path / "project", levle=0)


def test_the_same_answers_give_the_same_bytes(render: Callable[..., Path], tmp_path: Path) -> None:
    one, two = (ladder.tree(render(tmp_path / name, project_name="Same answers")) for name in "ab")
    assert one == two


def test_a_folder_with_files_is_not_overwritten_in_silence(source: Path, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine\n")
    copy = [sys.executable, "-m", "copier", "copy", "--defaults", "--vcs-ref=HEAD", str(source), "."]
    done = ladder.run(copy, tmp_path, check=False)
    assert done.returncode != 0
    assert "README.md" in done.stderr
    assert (tmp_path / "README.md").read_text() == "mine\n"


def test_nothing_needs_trust(source: Path) -> None:
    text = (source / "copier.yml").read_text(encoding="utf-8") + (source / "organization.yml").read_text(
        encoding="utf-8"
    )
    assert [name for name in ("_tasks:", "_migrations:", "_jinja_extensions:") if name in text] == []


def test_names_are_derived(render: Callable[..., Path], tmp_path: Path) -> None:
    project = render(tmp_path / "project", project_name="Flight - Delays 2")
    pyproject = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    assert pyproject["project"]["scripts"] == {"flight-delays-2": "lifecycle.cli:main"}
    assert (project / "src" / "flight_delays_2" / "model.py").exists()


@pytest.mark.parametrize(("folder", "package"), [("0", "my_model"), ("test", "test_model"), ("Über", "my_model")])
def test_any_folder_name_will_do(folder: str, package: str, render: Callable[..., Path], tmp_path: Path) -> None:
    assert (render(tmp_path / folder, level=0) / "src" / package / "model.py").exists()
