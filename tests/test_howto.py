"""What the how-to pages tell people to type and to write does what they say."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests import ladder
from tests.tools import shown

pytestmark = pytest.mark.xdist_group("how-to")


def page(name: str) -> tuple[list[shown.Block], dict[str, str]]:
    """The commands of a how-to page, and its files by their path."""
    blocks = shown.blocks(f"docs/how-to/{name}.md")
    commands = [block for block in blocks if block.language == "bash"]
    return commands, {block.title: block.text for block in blocks if block.title and block.language != "bash"}


def put(files: dict[str, str], folder: Path) -> None:
    """Write the files of a page into a project."""
    for path, text in files.items():
        (folder / path).write_text(text, encoding="utf-8")


def test_own_data(source: Path, tmp_path: Path) -> None:
    rows = [f"c{n},2026-01-{n % 28 + 1:02},{'mf'[n % 2]},{n % 50},{n % 3 > 1}" for n in range(400)]
    (tmp_path / "churn.csv").write_text("\n".join(["customer,asked_on,sex,months,churned", *rows]))
    (tmp_path / "new.csv").write_text("customer,asked_on,sex,months\nc900,2026-02-01,f,7\n")
    (make, score), _ = page("own-data")
    values = {**shown.address(source), "/path/to": str(tmp_path)}
    printed = shown.typed(shown.filled(make.text, values), tmp_path)
    assert "the newest by asked_on" in printed and "sensitive" in printed
    shown.typed(shown.filled(score.text, values), tmp_path / "churn")
    assert (tmp_path / "churn/scored.csv").read_text().splitlines()[1].startswith('"c900",')


def test_another_framework(render: Callable[..., Path], tmp_path: Path) -> None:
    project = render(tmp_path / "my-model", level=0, project_name="My model")
    (train,), files = page("another-framework")
    put(files, project)
    assert "roc_auc" in shown.typed(train.text, project)
    (model,) = project.glob("models/*/model.json")
    assert yaml.safe_load(model.read_text())["params"]["model"]["n_estimators"] == 100


def test_a_capability_is_added(tmp_path: Path) -> None:
    """In a clone of the template: its checks are content, and a project has the command and the promise."""
    clone = tmp_path / "template"
    ladder.clone(clone)
    (check,), files = page("add-a-capability")
    entry = files.pop("levels/1-devops.yml")
    put(files, clone)
    rung = clone / "levels/1-devops.yml"
    rung.write_text(f"{rung.read_text(encoding='utf-8')}\n{entry}", encoding="utf-8")
    printed = shown.typed(shown.filled(check.text, {".venv/bin/python": sys.executable}), clone)
    assert "tests/golden/level-1.txt" in printed
    ladder.commit(clone, "Add a capability")
    ladder.git(clone, "tag", "0.2.0")
    project = ladder.render(clone, tmp_path / "project", {"project_name": "Living project", "level": 1})
    assert "| D1b | data | data freshness |" in (project / "MATURITY.md").read_text(encoding="utf-8")
    listed = [sys.executable, "-m", "lifecycle.cli", "--help"]
    assert "freshness" in ladder.run(listed, project, PYTHONPATH=str(project / "src")).stdout


def test_a_conflict_is_resolved(source: Path, render: Callable[..., Path], tmp_path: Path) -> None:
    project = render(tmp_path / "my-model", level=0, project_name="My model")
    pyproject = project / "pyproject.toml"
    ours = '    { include-group = "ours" },\n'
    text = pyproject.read_text(encoding="utf-8").replace("serving = [\n", f"ours = []\nserving = [\n{ours}")
    pyproject.write_text(text, encoding="utf-8")
    ladder.commit(project, "Edit the template's zone")
    ladder.update(project, {"level": 1})
    (look, finish), _ = page("resolve-a-conflict")
    printed = shown.typed(look.text, project)
    assert "UU pyproject.toml" in printed.splitlines() and "pyproject.toml" in printed.splitlines()
    merged = pyproject.read_text(encoding="utf-8")
    assert "<<<<<<< before updating" in merged and ">>>>>>> after updating" in merged
    with pytest.raises(AssertionError, match="leftover conflict marker"):
        shown.typed(finish.text, project)
    kept = [line for line in merged.splitlines() if not line.startswith(("<<<<<<<", "=======", ">>>>>>>"))]
    pyproject.write_text("\n".join(kept) + "\n", encoding="utf-8")
    shown.typed(finish.text, project)
    assert ladder.conflicts(project) == "" and ladder.git(project, "status", "--porcelain") == ""


def test_a_fork_changes_a_default_and_locks_a_choice(tmp_path: Path) -> None:
    fork = tmp_path / "fork"
    ladder.clone(fork)
    (release, copy), files = page("fork")
    put(files, fork)
    shown.typed(release.text, fork)
    values = {"<fork>": str(fork)}
    shown.typed(shown.filled(copy.text, values), tmp_path)
    project = tmp_path / "my-model"
    assert (project / ".gitlab-ci.yml").is_file() and not (project / ".github").exists()
    answers = yaml.safe_load((project / ".copier-answers.yml").read_text(encoding="utf-8"))
    assert answers["_commit"] == "2026.11.0" and answers["organization"] == "Example Bank"
    (refused,) = [block for block in shown.blocks("docs/how-to/fork.md") if block.language == "console"]
    with pytest.raises(AssertionError, match="ci"):
        shown.typed(shown.filled(refused.text, values).replace("my-model", "other"), tmp_path)
    assert not (tmp_path / "other").exists()
    made = [sys.executable, "-c", "from mlops_ladder.site import pieces; print(pieces.questions())"]
    reference = ladder.run(made, fork, PYTHONPATH=str(fork / "src")).stdout
    assert "Our repositories live in GitLab.\n\n- default: `gitlab`\n- choices: `gitlab`\n" in reference
