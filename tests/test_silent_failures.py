"""Plain `copier update` fails in silence in seven ways, and half applies in one; ours does none of it.

Each test first shows the failure on a tiny template with plain Copier: exit code 0, nothing unmerged, no marker, and
the damage. Then it shows what our command makes of the same situation, on the real template where that has a say.
"""

import io
import json
import shutil
import sys
import tomllib
from collections.abc import Callable
from contextlib import redirect_stdout
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlops_ladder import cli
from tests import ladder
from tests.tools import tiny

pytestmark = pytest.mark.xdist_group("silent")
Living = Callable[[int], Path]
SERVE = tiny.above(0, "serve.py")
MARKERS = "<<<<<<< before updating\nours\n=======\ntheirs\n>>>>>>> after updating\n"
END = "# The end of the template's part.\n"


@pytest.fixture(autouse=True)
def somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command commits as whoever runs it; what packages weigh is nothing to these tests."""
    monkeypatch.setenv("UV_OFFLINE", "1")
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Test")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "test@example.com")


@pytest.fixture(scope="module")
def rungs(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Living:
    """Real projects by level, each made once."""
    made: dict[int, Path] = {}

    def rung(level: int) -> Path:
        if level not in made:
            folder = tmp_path_factory.mktemp("rungs") / "project"
            made[level] = ladder.render(source, folder, {"project_name": "Living project", "level": level})
            ladder.commit(folder, "Start")
        return made[level]

    return rung


@pytest.fixture
def living(rungs: Living, tmp_path: Path) -> Living:
    """A real project at a level, to do with as one likes."""
    return lambda level: Path(shutil.copytree(rungs(level), tmp_path / "living"))


def silently(project: Path, *options: str, **answers: object) -> None:
    """Plain `copier update` says that all is well, and nothing in the project says otherwise."""
    assert tiny.plain_update(project, *options, **answers) == 0
    assert ladder.conflicts(project) == ""


def climb(project: Path, *options: str) -> dict[str, Any]:
    """What our command says, exit code included."""
    output = io.StringIO()
    with redirect_stdout(output):
        code = cli.main(["climb", str(project), "--json", *options])
    document: dict[str, Any] = json.loads(output.getvalue())
    assert document["exit_code"] == code
    return document


def stopped(project: Path, *options: str) -> dict[str, Any]:
    """What our command says when it does not climb; nothing at all was touched."""
    looks = (["for-each-ref"], ["status", "--porcelain", "--branch", "--ignored"], ["worktree", "list"])
    before = ladder.tree(project), [ladder.git(project, *look) for look in looks]
    report = climb(project, *options)
    assert report["exit_code"] == (1 if report["state"] == "invalid" else 2)
    assert (ladder.tree(project), [ladder.git(project, *look) for look in looks]) == before
    return report


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def job(name: str) -> str:
    """A CI job that shares most of its lines with every other."""
    steps = ["checkout", "lfs", "set-up", "python", "cache", "install", f"run {name}", "upload", "report"]
    return f"  {name}:\n    steps:\n" + "".join(f"      - {step}\n" for step in steps)


def jobs_with_ours(project: Path) -> list[str]:
    jobs = yaml.safe_load(read(project / "ci.yml"))["jobs"]
    assert set(jobs) == {"typing", "lint", "test"}
    return [name for name, entry in jobs.items() if "ours" in entry["steps"]]


def test_1_a_step_lands_in_another_job(tmp_path: Path) -> None:
    jobs = tiny.above(0, job("typing")) + job("lint") + job("test")
    project = tiny.project(tmp_path, {"ci.yml": f"jobs:\n{jobs}"})
    head, place, tail = read(project / "ci.yml").rpartition("      - set-up\n")
    tiny.lived_in(project, {"ci.yml": f"{head}{place}      - ours\n{tail}"})
    documented, ours = tiny.twin(project, "documented"), tiny.twin(project)
    silently(project, level=1)
    assert jobs_with_ours(project) == ["lint"]

    silently(documented, "--context-lines=100000", level=1)
    assert climb(ours, "--to=1")["state"] == "climbed"
    assert jobs_with_ours(documented) == jobs_with_ours(ours) == ["test"]


def test_1_no_file_that_grows_holds_the_same_six_lines_twice(rungs: Living) -> None:
    trees = [ladder.tree(rungs(level)) for level in (0, 1, 2)]
    for below, above in pairwise(trees):
        growing = {path for path in below if below[path] != above[path]}
        assert "pyproject.toml" in growing
        for path in growing:
            lines = above[path].decode().splitlines()
            windows = [tuple(lines[start : start + 6]) for start in range(len(lines) - 5)]
            assert len(set(windows)) == len(windows), path


def test_2_going_down_deletes_an_edited_file(tmp_path: Path, living: Living) -> None:
    project = tiny.lived_in(tiny.project(tmp_path, {SERVE: "theirs\n"}, level=1), {"serve.py": "theirs\nours\n"})
    ours = tiny.twin(project)
    silently(project, level=0)
    assert not (project / "serve.py").exists()
    ladder.commit(project, "Down")
    silently(project, level=1)
    assert read(project / "serve.py") == "theirs\n"

    assert climb(ours, "--to=0", "--keep-edited")["files"]["kept"] == ["serve.py"]
    assert read(ours / "serve.py") == "theirs\nours\n"
    path, project = "src/lifecycle/deployment/serve.py", living(1)
    tiny.lived_in(project, {path: read(project / path) + "# ours\n"})
    assert path in stopped(project, "--to=0")["error"]


def test_2_switching_a_choice_deletes_an_edited_file(tmp_path: Path, living: Living) -> None:
    project = tiny.project(tmp_path, {"{% if ci == 'github' %}ci.yml{% endif %}": "theirs\n"})
    tiny.lived_in(project, {"ci.yml": "theirs\nours\n"})
    silently(project, ci="gitlab")
    assert not (project / "ci.yml").exists()

    path, project = ".github/workflows/ci.yml", living(1)
    tiny.lived_in(project, {path: read(project / path) + "# ours\n"})
    assert path in stopped(project, "--set=ci=gitlab")["error"]


def test_3_a_file_of_ones_own_is_mixed_with_the_template_s_on_the_way_up(tmp_path: Path) -> None:
    """The markers are there to see; what is silent is the exit code."""
    project = tiny.lived_in(tiny.project(tmp_path, {SERVE: "theirs\n"}), {"serve.py": "ours\n"})
    ours, same = tiny.twin(project), tiny.lived_in(tiny.twin(project, "same"), {"serve.py": "theirs\n"})
    assert tiny.plain_update(project, level=1) == 0
    assert read(project / "serve.py") == MARKERS

    report = climb(ours, "--to=1")
    assert report["exit_code"] == 1 and [conflict["path"] for conflict in report["conflicts"]] == ["serve.py"]
    assert ladder.git(ours, "diff", "--name-only", "--diff-filter=U") == "serve.py"
    ladder.git(ours, "cherry-pick", "--abort")
    assert read(ours / "serve.py") == "ours\n"
    assert climb(same, "--to=1")["conflicts"] == []


def test_3_a_file_of_ones_own_is_deleted_on_the_way_down(tmp_path: Path) -> None:
    project = tiny.lived_in(tiny.project(tmp_path, {SERVE: "theirs\n"}, level=1), {"serve.py": "ours\n"})
    ours = tiny.twin(project)
    silently(project, level=0)
    assert not (project / "serve.py").exists()

    assert "serve.py" in stopped(ours, "--to=0")["error"]


def test_4_an_ignored_file_is_overwritten_for_good(tmp_path: Path, living: Living) -> None:
    project = tiny.project(tmp_path, {SERVE: "theirs\n"})
    tiny.lived_in(project, {".gitignore": "serve.py\n", "serve.py": "ours\n"})
    silently(project, level=1)
    assert read(project / "serve.py") == "theirs\n"

    path, project = "deploy/compose.yaml", living(0)
    tiny.lived_in(project, {".gitignore": read(project / ".gitignore") + "/deploy/\n", path: "ours: true\n"})
    assert ladder.git(project, "ls-files", "deploy") == ""
    assert f"in the way: {path}" in stopped(project, "--to=1")["error"]


def test_4_a_hidden_folder_vanishes(tmp_path: Path) -> None:
    later = [tiny.above(0, "deploy") + "/serve.py", tiny.above(1, "more.py")]
    project = tiny.project(tmp_path, dict.fromkeys(later, "theirs\n"))
    ours = tiny.twin(tiny.lived_in(project, {".gitignore": "deploy/\n"}))
    silently(project, level=1)
    ladder.commit(project, "Up")
    assert ladder.git(project, "ls-files", "deploy") == ""
    silently(project, level=2)
    assert not (project / "deploy" / "serve.py").exists()

    for level in (1, 2):
        assert climb(ours, f"--to={level}")["state"] == "climbed"
        assert ladder.git(ours, "ls-files", "deploy") == "deploy/serve.py"
        assert read(ours / "deploy" / "serve.py") == "theirs\n"


def test_5_what_was_deleted_comes_back_after_down_and_up(tmp_path: Path) -> None:
    project = tiny.project(tmp_path, {SERVE: "theirs\n", tiny.above(0, "more.py"): "theirs\n"}, level=1)
    (project / "serve.py").unlink()
    ladder.commit(project, "Delete what we do not use")
    ours = tiny.twin(project)
    for level in (0, 1):
        silently(project, level=level)
        ladder.commit(project, "Next")
    assert (project / "serve.py").exists()

    assert [climb(ours, f"--to={level}")["state"] for level in (0, 1)] == ["climbed", "climbed"]
    assert (ours / "more.py").exists() and not (ours / "serve.py").exists()


def test_5_a_renamed_file_gets_no_further_text(tmp_path: Path) -> None:
    text = "".join(f"line {number}\n" for number in range(20))
    project = tiny.project(tmp_path, {"serve.py": text})
    (project / "serve.py").rename(project / "api.py")
    ladder.commit(project, "Rename")
    ours, mended = tiny.twin(project), text.replace("line 7\n", "line 7, mended\n")
    tiny.template(tmp_path / "template", {"serve.py": mended}, "0.2.0")
    silently(project)
    assert read(project / "api.py") == text and not (project / "serve.py").exists()

    assert climb(ours, "--template-version=0.2.0")["files"]["moved"] == {"serve.py": "api.py"}
    assert read(ours / "api.py") == mended and not (ours / "serve.py").exists()


def test_6_one_stage_comes_from_both_sides(tmp_path: Path, living: Living) -> None:
    grows = tiny.above(0, "  validate:\n    cmd: theirs\n")
    stages = f"stages:\n{grows}  train:\n    cmd: train\n  gate:\n    cmd: gate\n"
    project = tiny.project(tmp_path, {"dvc.yaml": stages})
    tiny.lived_in(project, {"dvc.yaml": read(project / "dvc.yaml") + "  validate:\n    cmd: ours\n"})
    ours = tiny.twin(project)
    silently(project, level=1)
    assert read(project / "dvc.yaml").count("  validate:\n") == 2

    assert ["validate" in problem for problem in stopped(ours, "--to=1")["broken"]] == [True]
    own = {"pipeline/ours/dvc.yaml": "stages:\n  validate:\n    cmd: echo ours\n"}
    (problem,) = stopped(tiny.lived_in(living(1), own), "--to=2")["broken"]
    assert "validate" in problem and "pipeline/ours/dvc.yaml" in problem


def test_6_one_table_comes_from_both_sides(tmp_path: Path, living: Living) -> None:
    grows = tiny.above(0, "[tool.mypy]\nstrict = true\n\n")
    settings = f"[tool.ruff]\nline-length = 100\n\n{grows}[tool.uv]\npackage = true\n"
    project = tiny.project(tmp_path, {"pyproject.toml": settings})
    tiny.lived_in(project, {"pyproject.toml": read(project / "pyproject.toml") + "\n[tool.mypy]\nstrict = false\n"})
    ours = tiny.twin(project)
    silently(project, level=1)
    with pytest.raises(tomllib.TOMLDecodeError):
        tomllib.loads(read(project / "pyproject.toml"))

    assert ["pyproject.toml" in problem for problem in stopped(ours, "--to=1")["broken"]] == [True]
    project = living(0)
    settings = read(project / "pyproject.toml").replace(END, f'{END}level-1 = ["tqdm>=4.60"]\n')
    (problem,) = stopped(tiny.lived_in(project, {"pyproject.toml": settings}), "--to=1")["broken"]
    assert "pyproject.toml" in problem


def test_6_an_included_group_is_gone(tmp_path: Path, living: Living) -> None:
    grows = tiny.above(0, 'level-1 = ["fastapi"]\n')
    groups = f'[dependency-groups]\nfirst = []\n{grows}level-0 = ["pandas"]\n{END}\n[tool.uv]\npackage = false\n'
    own_group = f'{END}ours = [{{ include-group = "level-1" }}]\n'
    project = tiny.project(tmp_path, {"pyproject.toml": groups}, level=1)
    tiny.lived_in(project, {"pyproject.toml": read(project / "pyproject.toml").replace(END, own_group)})
    silently(project, level=0)
    found = tomllib.loads(read(project / "pyproject.toml"))["dependency-groups"]
    assert found["ours"] == [{"include-group": "level-1"}] and "level-1" not in found

    project = living(1)
    settings = read(project / "pyproject.toml").replace(END, own_group)
    (problem,) = stopped(tiny.lived_in(project, {"pyproject.toml": settings}), "--to=0")["broken"]
    assert "the group ours names the group level-1" in problem


def test_7_committed_markers_do_not_stop_the_next_update(tmp_path: Path, living: Living) -> None:
    project = tiny.project(tmp_path, {"README.md": "theirs\n", SERVE: "theirs\n"})
    tiny.lived_in(project, {"README.md": MARKERS})
    silently(project, level=1)
    assert read(project / "README.md") == MARKERS and (project / "serve.py").exists()

    assert "README.md" in stopped(tiny.lived_in(living(0), {"README.md": MARKERS}), "--to=1")["error"]


def test_7_an_unknown_answer_does_nothing(tmp_path: Path, living: Living) -> None:
    project = tiny.project(tmp_path, {SERVE: "theirs\n"})
    silently(project, levle=1)
    assert ladder.git(project, "status", "--porcelain") == ""

    assert "did you mean level?" in stopped(living(0), "--set=levle=1")["error"]


def test_8_a_file_where_a_folder_comes_leaves_half_an_update(tmp_path: Path, living: Living) -> None:
    # Copier renders in the order of the file system; so deep down, the file in the way is never met before all others.
    folders = ("", "web/", "web/a/", "web/a/b/", "web/a/b/c/", "web/a/b/c/docs/")
    names = {folder + name for folder in folders for name in ("a.py", "b.py", "x.py", "y.py")}
    later = {str(Path(name).with_name(tiny.above(0, Path(name).name))): "theirs\n" for name in names}
    later = {name.replace("docs", tiny.above(0, "docs")): text for name, text in later.items()}
    project = tiny.lived_in(tiny.project(tmp_path, later), {"web/a/b/c/docs": "ours\n"})
    done = ladder.run([sys.executable, "-m", "copier", "update", "--defaults", "--data=level=1"], project, check=False)
    assert done.returncode == 1 and "FileExistsError" in done.stderr
    came = {name for name in names if (project / name).exists()}
    assert set() < came < names

    assert "docs is a file of yours" in stopped(tiny.lived_in(living(0), {"docs": "Ours\n"}), "--to=1")["error"]
