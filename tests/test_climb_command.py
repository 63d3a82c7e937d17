"""`mlops-ladder climb`: what a person sees, and that a project is either moved whole or left as it was."""

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_ladder.cli import main
from mlops_ladder.journal import Journal, alive, journal_path, write
from mlops_ladder.journal import read as read_journal
from tests import ladder

NAME = {"project_name": "Living project"}
Make = Callable[..., Path]


@pytest.fixture(autouse=True)
def owner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever climbs."""
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Owner")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "owner@example.com")


@pytest.fixture(autouse=True)
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without uv, which takes time, in tests that are about something else."""
    if "uv" not in request.keywords:
        parts = os.environ["PATH"].split(os.pathsep)
        monkeypatch.setenv("PATH", os.pathsep.join(part for part in parts if not (Path(part) / "uv").exists()))


@pytest.fixture(scope="module")
def rendered(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """A committed project on a level, made once: look, do not touch."""
    place = tmp_path_factory.mktemp("rendered")

    def make(level: int) -> Path:
        folder = place / str(level)
        if not folder.exists():
            ladder.render(source, folder, {**NAME, "level": level})
            ladder.commit(folder, "Start")
        return folder

    return make


@pytest.fixture
def make(rendered: Callable[[int], Path], tmp_path: Path) -> Make:
    """A project of one's own on a level, with these texts in place of the template's (None deletes)."""

    def copy(level: int = 0, name: str = "project", **edits: str | None) -> Path:
        folder = tmp_path / name
        shutil.copytree(rendered(level), folder)
        live(folder, edits)
        return folder

    return copy


def live(folder: Path, edits: dict[str, str | None]) -> None:
    """Write or delete files, and commit."""
    for path, text in edits.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            (folder / path).unlink()
        else:
            (folder / path).write_bytes(text.encode())
    ladder.git(folder, "add", "--all", "--force")
    ladder.git(folder, "commit", "--quiet", "--allow-empty", "--message=Live")


def read(folder: Path, path: str) -> str:
    return (folder / path).read_bytes().decode()


@pytest.fixture
def climb(capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """Run the command with --json; returns its document, with its exit code checked against what it says."""

    def run(folder: Path, *arguments: str) -> dict[str, Any]:
        capsys.readouterr()
        code = main(["climb", str(folder), "--json", *arguments])
        report: dict[str, Any] = json.loads(capsys.readouterr().out)
        assert report["exit_code"] == code
        return report

    return run


def state(folder: Path) -> dict[str, Any]:
    """All that a climb could change."""
    commands = (
        "for-each-ref",
        "symbolic-ref HEAD",
        "status --porcelain --ignored",
        "ls-files --stage",
        "worktree list",
    )
    return {command: ladder.git(folder, *command.split()) for command in commands} | {"tree": ladder.tree(folder)}


def test_a_dry_run_tells_everything_and_touches_nothing(make: Make, climb: Any) -> None:
    project = make(0)
    before = state(project)
    report = climb(project, "--dry-run")
    assert state(project) == before
    assert report["state"] == "rehearsed"
    assert {"D1", "P1b", "C1"} <= {row["id"] for row in report["capabilities"] if row["moves"] == "comes"}
    assert all(row["promise"] for row in report["capabilities"])
    assert any("OWNERS.yaml" in row["asks"] for row in report["capabilities"])
    assert "src/lifecycle/deployment/serve.py" in report["files"]["added"]
    assert report["packages"]["reason"] == "uv is not installed"


def test_a_climb_equals_plain_copier_and_a_fresh_copy(make: Make, climb: Any, rendered: Any, source: Path) -> None:
    project, plain = make(0), make(0, "plain")
    for level in (1, 2):
        report = climb(project)
        assert (report["state"], report["branch"]) == ("climbed", f"climb-to-level-{level}")
        assert ladder.tree(project) == ladder.tree(rendered(level))
    ladder.update(plain, {"level": 2})
    assert ladder.tree(project) == ladder.tree(plain)
    assert ladder.git(project, "status", "--porcelain") == ""
    assert ladder.git(project, "log", "--format=%s", "-3").splitlines() == [
        "Climb to level 2",
        "Climb to level 1",
        "Live",
    ]
    assert climb(project)["state"] == "nothing to do"


def test_a_choice_is_switched_and_equals_a_fresh_copy(make: Make, climb: Any, source: Path, tmp_path: Path) -> None:
    project = make(1)
    report = climb(project, "--set", "ci=gitlab")
    assert (report["branch"], report["level"]) == ("climb-ci-gitlab", {"from": 1, "to": 1})
    assert {"P1a", "G1b"} <= {row["id"] for row in report["capabilities"] if row["moves"] == "changes"}
    fresh = ladder.render(source, tmp_path / "fresh", {**NAME, "level": 1, "ci": "gitlab"})
    assert ladder.tree(project) == ladder.tree(fresh)


def test_another_version_of_the_template_is_taken(source: Path, climb: Any, tmp_path: Path) -> None:
    template = tmp_path / "template"
    ladder.git(tmp_path, "clone", "--quiet", str(source), str(template))
    project = ladder.render(template, tmp_path / "project", {**NAME, "level": 0})
    ladder.commit(project, "Start")
    changed = template / "template" / ".gitignore"
    changed.write_text("# Newer\n" + changed.read_text(encoding="utf-8"), encoding="utf-8")
    ladder.commit(template, "Change a managed file")
    ladder.git(template, "tag", "0.2.0")
    assert climb(project)["version"] == {"from": "0.1.0", "to": "0.1.0"}
    report = climb(project, "--template-version", "0.2.0")
    assert (report["branch"], report["version"]["to"], report["level"]["to"]) == ("climb-to-0.2.0", "0.2.0", 1)
    assert read(project, ".gitignore").startswith("# Newer\n")


def test_a_conflict_is_left_to_people_with_advice_and_a_way_back(make: Make, climb: Any) -> None:
    project = make(1, **{"conf/gates.yaml": "ours: true\n", "MATURITY.md": "# We are mature\n"})
    before = state(project)
    report = climb(project)
    assert (report["state"], report["exit_code"]) == ("conflicts", 1)
    kinds = {row["path"]: row["kind"] for row in report["conflicts"]}
    assert kinds == {"MATURITY.md": "managed", "conf/gates.yaml": "own"}
    unmerged = ladder.git(project, "ls-files", "-u")
    assert all(path in unmerged for path in kinds)
    advice = {row["path"]: row["advice"] for row in report["conflicts"]}
    assert "checkout --ours" in advice["conf/gates.yaml"]
    assert "--theirs" not in advice["conf/gates.yaml"] + advice["MATURITY.md"]
    assert "Keep both" in advice["MATURITY.md"]
    for command in report["undo"]:
        ladder.run([*ladder.GIT, *command.split()[1:]], project)
    assert state(project) == before


def test_a_resolved_conflict_is_one_commit(make: Make, climb: Any) -> None:
    project = make(1, **{"conf/gates.yaml": "ours: true\n"})
    assert climb(project)["exit_code"] == 1
    ladder.git(project, "checkout", "--ours", "--", "conf/gates.yaml")
    ladder.git(project, "add", "conf/gates.yaml")
    ladder.git(project, "-c", "core.editor=true", "cherry-pick", "--continue")
    assert ladder.git(project, "log", "--format=%s", "-1") == "Climb to level 2"
    assert read(project, "conf/gates.yaml") == "ours: true\n"
    assert climb(project)["state"] == "nothing to do"


def test_going_down_drops_no_edited_file_without_being_announced(make: Make, climb: Any) -> None:
    path = "src/lifecycle/deployment/serve.py"
    project = make(1, **{path: "# rewritten\n"})
    before = state(project)
    report = climb(project, "--to", "0")
    assert (report["state"], path in report["error"], "--keep-edited" in report["error"]) == ("refused", True, True)
    assert state(project) == before
    report = climb(project, "--to", "0", "--keep-edited")
    assert (report["state"], report["files"]["kept"]) == ("climbed", [path])
    assert read(project, path) == "# rewritten\n"
    assert not (project / "MODEL_CARD.md").exists()


def test_a_project_in_a_subfolder_climbs_and_its_neighbours_stay(
    make: Make, climb: Any, rendered: Any, tmp_path: Path
) -> None:
    repository = tmp_path / "mono"
    (repository / "models").mkdir(parents=True)
    (make(0) / ".git").rename(tmp_path / "elsewhere")
    shutil.copytree(tmp_path / "project", repository / "models" / "delay")
    (repository / "pyproject.toml").write_text("# the company's\n", encoding="utf-8")
    ladder.commit(repository, "Start")
    assert climb(repository / "models" / "delay")["state"] == "climbed"
    assert ladder.tree(repository / "models" / "delay") == ladder.tree(rendered(1))
    assert read(repository, "pyproject.toml") == "# the company's\n"


def test_moved_files_and_windows_line_endings_get_the_new_text(make: Make, climb: Any) -> None:
    project = make(0)
    windows = read(project, "pyproject.toml").replace("\n", "\r\n")
    attributes = read(project, ".gitattributes") + "pyproject.toml -text\n"
    text = read(project, "MATURITY.md") + "\nOurs.\n"
    edits = {"pyproject.toml": windows, ".gitattributes": attributes, "MATURITY.md": None, "docs/ladder.md": text}
    live(project, edits)
    report = climb(project)
    assert (report["state"], report["files"]["moved"]) == ("climbed", {"MATURITY.md": "docs/ladder.md"})
    assert set(report["files"]["touched"]) == {"docs/ladder.md", "pyproject.toml"}
    assert read(project, "docs/ladder.md").startswith("# Maturity: level 1")
    assert read(project, "docs/ladder.md").endswith("\nOurs.\n")
    merged = read(project, "pyproject.toml")
    assert "level-1 = [\r\n" in merged
    assert merged.count("\r\n") == merged.count("\n")


@pytest.mark.uv
def test_a_tracked_lock_file_is_renewed_in_the_same_commit(make: Make, climb: Any) -> None:
    project = make(0)
    ladder.run(["uv", "lock", "--quiet"], project)
    ladder.commit(project, "Lock")
    report = climb(project)
    assert (report["state"], report["lock"]) == ("climbed", "")
    assert "fastapi" in report["packages"]["packages"]
    assert "fastapi" in report["packages"]["unweighed"] or report["packages"]["megabytes"] > 1
    assert 'name = "fastapi"' in read(project, "uv.lock")
    assert "uv.lock" in ladder.git(project, "show", "--name-only", "--format=%s", "HEAD")
    assert ladder.git(project, "status", "--porcelain") == ""
    ladder.run(["uv", "lock", "--check", "--quiet"], project)


REFUSED = {
    "misspelt": (["--set", "levle=2"], "did you mean level"),
    "no value": (["--set", "ci"], "question=value"),
    "not a choice": (["--set", "ci=svn"], "'svn' is not in ['github', 'gitlab']"),
    "not asked": (["--set", "time_column=day"], "does not ask time_column with these answers"),
    "computed": (["--set", "project_slug=x"], "does not ask project_slug"),
    "birth: name": (["--set", "project_name=New name"], "work for a person"),
    "birth: framework": (["--set", "framework=lightgbm"], "work for a person"),
    "birth: data": (["--set", "data_path=/tables/own.csv", "--set", "target=left"], "work for a person"),
    "no target": (["--set", "data_path=/tables/own.csv"], "this: target: say which column"),
    "invalid": (["--set", "package_name=class"], "is a Python keyword"),
    "no such level": (["--to", "7"], "level"),
    "two levels": (["--to", "2", "--set", "level=0"], "different things"),
    "no such version": (["--template-version", "9.9"], "no version 9.9; its newest versions are 0.1.0"),
    "bad branch": (["--branch", "a..b"], "cannot be the name of a branch"),
    "branch taken": (["--branch", "main"], "There is a branch main already"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_wish_is_refused_with_what_to_do(case: str, rendered: Any, climb: Any) -> None:
    arguments, message = REFUSED[case]
    before = state(rendered(1))
    report = climb(rendered(1), *arguments)
    assert (report["state"], report["exit_code"]) == ("refused", 2)
    assert message in report["error"]
    assert state(rendered(1)) == before


def uncommitted(project: Path) -> None:
    (project / "README.md").write_text("not committed\n", encoding="utf-8")


def committed_markers(project: Path) -> None:
    live(project, {"notes.md": "<<<<<<< ours\na\n=======\nb\n>>>>>>> theirs\n"})


def unfinished_merge(project: Path) -> None:
    ladder.git(project, "switch", "--quiet", "-c", "other")
    ladder.git(project, "commit", "--quiet", "--allow-empty", "--message=Other")
    ladder.git(project, "switch", "--quiet", "main")
    ladder.git(project, "merge", "--quiet", "--no-ff", "--no-commit", "other")


def untracked_in_the_way(project: Path) -> None:
    (project / "MODEL_CARD.md").write_text("mine\n", encoding="utf-8")


def ignored_in_the_way(project: Path) -> None:
    live(project, {".gitignore": read(project, ".gitignore") + "/deploy\n"})
    (project / "deploy").write_text("a file where a folder comes\n", encoding="utf-8")


def file_for_folder(project: Path) -> None:
    live(project, {"deploy": "mine\n"})


def no_answers(project: Path) -> None:
    live(project, {".copier-answers.yml": None})


def broken_answers(project: Path) -> None:
    live(project, {".copier-answers.yml": "level: [\n"})


def moved_source(project: Path) -> None:
    answers = read(project, ".copier-answers.yml").splitlines()
    lines = ["_src_path: /gone/away" if line.startswith("_src_path") else line for line in answers]
    live(project, {".copier-answers.yml": "\n".join(lines) + "\n"})


def version_never_pushed(project: Path) -> None:
    live(project, {".copier-answers.yml": read(project, ".copier-answers.yml").replace("0.1.0", "0.1.0-1-gabcdef0")})


def no_repository(project: Path) -> None:
    shutil.rmtree(project / ".git")


def no_commit(project: Path) -> None:
    no_repository(project)
    ladder.git(project, "init", "--quiet")


SPOILED: dict[Callable[[Path], None], str] = {
    uncommitted: "README.md",
    committed_markers: "notes.md",
    unfinished_merge: "git merge --abort",
    untracked_in_the_way: "MODEL_CARD.md",
    ignored_in_the_way: "in the way",
    file_for_folder: "deploy is a file of yours",
    no_answers: "is not a project's folder",
    broken_answers: "cannot be read",
    moved_source: "_src_path",
    version_never_pushed: "after `_commit:`",
    no_repository: "git init",
    no_commit: "no commit yet",
}


@pytest.mark.parametrize("spoil", SPOILED, ids=lambda spoil: spoil.__name__)
def test_a_tree_that_cannot_climb_is_refused_and_left_alone(
    spoil: Callable[[Path], None], make: Make, climb: Any
) -> None:
    project = make(0)
    spoil(project)
    before = ladder.tree(project)
    report = climb(project)
    assert (report["state"], report["exit_code"]) == ("refused", 2)
    assert SPOILED[spoil] in report["error"]
    assert ladder.tree(project) == before


def test_a_merge_that_git_likes_and_toml_does_not_is_not_delivered(make: Make, climb: Any) -> None:
    project = make(0)
    live(project, {"pyproject.toml": read(project, "pyproject.toml") + '\n[dependency-groups.level-1]\nx = "y"\n'})
    before = state(project)
    report = climb(project)
    assert (report["state"], report["exit_code"]) == ("invalid", 1)
    assert "pyproject.toml" in report["broken"][0]
    assert state(project) == before


def test_people_read_what_comes_and_what_to_do(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["climb", str(make(0))]) == 0
    report = capsys.readouterr().out
    for part in ("experiment tracking", "asks of people", "added, 3 changed, 0 deleted", "climb-to-level-1"):
        assert part in report
    assert "uv run living-project train" in report
    assert "To undo: git switch main && git branch -D climb-to-level-1" in report


@pytest.mark.uv
def test_the_checks_run_and_the_first_command_too(make: Make, climb: Any) -> None:
    project = make(0)
    ladder.run(["uv", "sync", "--quiet"], project)
    ladder.commit(project, "Lock")
    report = climb(project, "--run")
    assert [(check["passed"], check["before"]) for check in report["checks"]] == [(True, True)] * 4
    assert (report["first"], report["ran"], report["exit_code"]) == ("uv run living-project train", 0, 0)
    assert list(project.glob("models/*/model.json"))


def killed(project: Path, after: float) -> None:
    """Start a climb and kill it after some seconds."""
    env = {**os.environ, "PYTHONPATH": str(ladder.ROOT / "src")}
    command = [sys.executable, "-m", "mlops_ladder.cli", "climb", str(project)]
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        time.sleep(after)
        process.kill()


def test_killed_at_any_moment_the_project_is_as_it_was_or_has_climbed(make: Make, climb: Any, rendered: Any) -> None:
    seed = int(os.environ.get("CLIMB_SEED", "1"))
    moments = random.Random(seed)
    started = time.monotonic()
    climb(make(0, "measure"))
    whole = time.monotonic() - started + 1
    for number in range(6):
        project = make(0, f"project-{number}")
        before = state(project)
        killed(project, moments.uniform(0, whole))
        while (path := journal_path(project)).exists() and alive(read_journal(path).process):
            time.sleep(0.05)
        if ladder.git(project, "symbolic-ref", "--short", "HEAD") == "main":
            report = climb(project, "--dry-run")
            assert report["state"] == "rehearsed", f"seed {seed}"
            assert state(project) == before, f"seed {seed}"
        else:
            assert ladder.tree(project) == ladder.tree(rendered(1)), f"seed {seed}"
            assert ladder.git(project, "status", "--porcelain") == "", f"seed {seed}"


def half_moved(project: Path, climb: Any) -> None:
    """Leave a project as a power cut in the middle of the move would."""
    head = ladder.git(project, "rev-parse", "HEAD")
    climb(project)
    goal = ladder.git(project, "rev-parse", "HEAD")
    ladder.git(project, "switch", "--quiet", "main")
    ladder.git(project, "branch", "--quiet", "-D", "climb-to-level-1")
    for path in ("MODEL_CARD.md", "deploy/Dockerfile", "pyproject.toml"):
        (project / path).parent.mkdir(exist_ok=True)
        (project / path).write_text(ladder.git(project, "show", f"{goal}:{path}") + "\n", encoding="utf-8")
    (project / "OWNERS.yaml").write_text(ladder.git(project, "show", f"{goal}:OWNERS.yaml")[:50], encoding="utf-8")
    (project / "MATURITY.md").unlink()
    (project / ".git" / "index.lock").touch()
    written = Journal(no_process(), "main", head, "climb-to-level-1", goal)
    write(journal_path(project), written)


def test_a_half_moved_tree_is_put_back_by_the_next_climb(make: Make, climb: Any) -> None:
    project = make(0)
    before = state(project)
    half_moved(project, climb)
    assert climb(project, "--dry-run")["state"] == "rehearsed"
    assert state(project) == before


def test_an_interrupted_climb_with_conflicts_is_put_back_or_left_to_people(make: Make, climb: Any) -> None:
    project = make(1, **{"conf/gates.yaml": "ours: true\n"})
    before = state(project)
    assert climb(project)["state"] == "conflicts"
    pick = ladder.git(project, "rev-parse", "CHERRY_PICK_HEAD")
    goal = ladder.git(project, "rev-parse", f"{pick}^{{tree}}")
    head = ladder.git(project, "rev-parse", "HEAD")
    written = Journal(no_process(), "main", head, "climb-to-level-2", goal, pick)
    write(journal_path(project), written)
    conflicts = ladder.git(project, "ls-files", "-u")
    assert "CHERRY_PICK_HEAD" in climb(project)["error"]
    assert ladder.git(project, "ls-files", "-u") == conflicts
    ladder.git(project, "cherry-pick", "--abort")
    write(journal_path(project), written)
    assert climb(project, "--dry-run")["exit_code"] == 1
    assert state(project) == before


def no_process() -> int:
    """The number of a process that is gone."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_work_done_since_an_interrupted_climb_is_not_put_back(make: Make, climb: Any) -> None:
    project = make(0)
    half_moved(project, climb)
    (project / "README.md").write_text("new work\n", encoding="utf-8")
    report = climb(project)
    assert (report["state"], "README.md" in report["error"]) == ("refused", True)
    assert read(project, "README.md") == "new work\n"
