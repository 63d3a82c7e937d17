"""Plain `copier update` fails in silence in seven ways, and half applies in one; ours does none of it.

Each test first shows the failure on a tiny template with plain Copier: exit code 0, nothing unmerged, no marker, and
the damage. Then it shows what our template and our command make of the same situation.
"""

import shutil
import sys
import tomllib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from mlops_ladder import cli
from tests import ladder
from tests.tools import tiny

pytestmark = pytest.mark.xdist_group("silent")
Living = Callable[[int], Path]
PACKAGE = "src/living_project"
SERVE = tiny.above(0, "serve.py")
MARKERS = "<<<<<<< before updating\nours\n=======\ntheirs\n>>>>>>> after updating\n"


@pytest.fixture(autouse=True)
def somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command commits as whoever runs it."""
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


def lived_in(project: Path, files: dict[str, str]) -> Path:
    """Write a team's files and commit them."""
    tiny.write(project, files)
    ladder.commit(project, "Make it ours")
    return project


def silently(project: Path, *options: str, **answers: object) -> None:
    """Plain `copier update` says that all is well, and nothing in the project says otherwise."""
    assert tiny.plain_update(project, *options, **answers) == 0
    assert ladder.conflicts(project) == ""


def climb(project: Path, *options: str) -> int:
    """Our command; returns its exit code."""
    return cli.main(["climb", str(project), *options])


def state(project: Path) -> tuple[object, ...]:
    """All that a refusal must leave alone: files, references, index, branch, worktrees."""
    looks = (["for-each-ref"], ["status", "--porcelain", "--branch", "--ignored"], ["worktree", "list"])
    return ladder.tree(project), *(ladder.git(project, *look) for look in looks)


def refused(project: Path, capsys: pytest.CaptureFixture[str], *options: str, names: str) -> None:
    """Our command ends with 2, names what is in the way, and touches nothing."""
    before = state(project)
    capsys.readouterr()
    assert climb(project, *options) == 2
    assert names in capsys.readouterr().err
    assert state(project) == before


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def append(path: Path, text: str) -> dict[str, str]:
    """What `lived_in` writes to add lines to the end of a file."""
    return {path.name: read(path) + text}


def job(name: str) -> str:
    """A CI job that shares most of its lines with every other."""
    steps = ["checkout", "lfs", "set-up", "python", "cache", "install", f"run {name}", "upload", "report"]
    return f"  {name}:\n    steps:\n" + "".join(f"      - {step}\n" for step in steps)


def steps(project: Path) -> dict[str, list[str]]:
    return {name: entry["steps"] for name, entry in yaml.safe_load(read(project / "ci.yml"))["jobs"].items()}


def test_1_a_step_lands_in_another_job(tmp_path: Path) -> None:
    jobs = tiny.above(0, job("typing")) + job("lint") + job("test")
    source = tiny.template(tmp_path / "template", {"ci.yml": f"jobs:\n{jobs}"})
    project = tiny.project(source, tmp_path / "project")
    head, place, tail = read(project / "ci.yml").rpartition("      - set-up\n")
    lived_in(project, {"ci.yml": f"{head}{place}      - ours\n{tail}"})
    documented, ours = (Path(shutil.copytree(project, tmp_path / name)) for name in ("documented", "ours"))
    silently(project, level=1)
    assert "ours" in steps(project)["lint"] and "ours" not in steps(project)["test"]
    silently(documented, "--context-lines=100000", level=1)
    assert climb(ours, "--to=1") == 0
    for cured in (documented, ours):
        assert [name for name, lines in steps(cured).items() if "ours" in lines] == ["test"]
        assert set(steps(cured)) == {"typing", "lint", "test"}


def test_1_no_file_that_grows_holds_the_same_six_lines_twice(rungs: Living) -> None:
    trees = [ladder.tree(rungs(level)) for level in (0, 1, 2)]
    for below, above in pairwise(trees):
        growing = {path for path in below if below[path] != above[path]}
        assert "pyproject.toml" in growing
        for path in growing:
            lines = above[path].decode().splitlines()
            windows = [tuple(lines[start : start + 6]) for start in range(len(lines) - 5)]
            assert len(set(windows)) == len(windows), path


def test_2_going_down_deletes_an_edited_file(
    tmp_path: Path, living: Living, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tiny.template(tmp_path / "template", {SERVE: "theirs\n"})
    project = lived_in(tiny.project(source, tmp_path / "project", level=1), {"serve.py": "theirs\nours\n"})
    silently(project, level=0)
    assert not (project / "serve.py").exists()
    ladder.commit(project, "Down")
    silently(project, level=1)
    assert read(project / "serve.py") == "theirs\n"

    path, project = f"{PACKAGE}/deployment/serve.py", living(1)
    edited = read(project / path) + "# ours\n"
    lived_in(project, {path: edited})
    refused(project, capsys, "--to=0", names=path)
    assert climb(project, "--to=0", "--keep-edited") == 0
    assert read(project / path) == edited and not (project / PACKAGE / "deployment" / "release.py").exists()


def test_2_switching_a_choice_deletes_an_edited_file(
    tmp_path: Path, living: Living, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tiny.template(tmp_path / "template", {"{% if ci == 'github' %}ci.yml{% endif %}": "theirs\n"})
    project = lived_in(tiny.project(source, tmp_path / "project"), {"ci.yml": "theirs\nours\n"})
    silently(project, ci="gitlab")
    assert not (project / "ci.yml").exists()

    path, project = ".github/workflows/ci.yml", living(1)
    lived_in(project, {path: read(project / path) + "# ours\n"})
    refused(project, capsys, "--set=ci=gitlab", names=path)


def test_3_a_file_of_ones_own_is_mixed_on_the_way_up_with_exit_code_0(tmp_path: Path, living: Living) -> None:
    source = tiny.template(tmp_path / "template", {SERVE: "theirs\n"})
    project = lived_in(tiny.project(source, tmp_path / "project"), {"serve.py": "ours\n"})
    assert tiny.plain_update(project, level=1) == 0
    assert read(project / "serve.py") == MARKERS

    project = lived_in(living(0), {"CONTRIBUTING.md": "Ours\n"})
    assert climb(project, "--to=1") == 1
    assert ladder.git(project, "diff", "--name-only", "--diff-filter=U") == "CONTRIBUTING.md"
    assert "Ours\n" in read(project / "CONTRIBUTING.md")


def test_3_a_file_of_ones_own_is_deleted_on_the_way_down(
    tmp_path: Path, living: Living, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tiny.template(tmp_path / "template", {SERVE: "theirs\n"})
    project = lived_in(tiny.project(source, tmp_path / "project", level=1), {"serve.py": "ours\n"})
    silently(project, level=0)
    assert not (project / "serve.py").exists()

    refused(lived_in(living(1), {"CONTRIBUTING.md": "Ours\n"}), capsys, "--to=0", names="CONTRIBUTING.md")


def test_4_an_ignored_file_is_overwritten_for_good(
    tmp_path: Path, living: Living, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tiny.template(tmp_path / "template", {SERVE: "theirs\n"})
    project = lived_in(tiny.project(source, tmp_path / "project"), {".gitignore": "serve.py\n", "serve.py": "ours\n"})
    silently(project, level=1)
    assert read(project / "serve.py") == "theirs\n"

    path, project = "deploy/compose.yaml", living(0)
    lived_in(project, append(project / ".gitignore", "/deploy/\n") | {path: "ours: true\n"})
    assert ladder.git(project, "ls-files", "deploy") == ""
    refused(project, capsys, "--to=1", names=path)


def test_4_a_hidden_folder_vanishes(tmp_path: Path, living: Living) -> None:
    later = [tiny.above(0, "deploy") + "/serve.py", tiny.above(1, "more.py")]
    source = tiny.template(tmp_path / "template", dict.fromkeys(later, "theirs\n"))
    project = lived_in(tiny.project(source, tmp_path / "project"), {".gitignore": "deploy/\n"})
    silently(project, level=1)
    ladder.commit(project, "Up")
    assert ladder.git(project, "ls-files", "deploy") == ""
    silently(project, level=2)
    assert not (project / "deploy" / "serve.py").exists()

    project = living(0)
    lived_in(project, append(project / ".gitignore", "/docs/\n"))
    for level, page in enumerate(["docs/experiments.md", "docs/drift.md"], start=1):
        assert climb(project, f"--to={level}") == 0
        assert {"docs/experiments.md", page} <= set(ladder.git(project, "ls-files", "docs").splitlines())
        assert (project / page).exists()


def test_5_what_was_deleted_comes_back_after_down_and_up(tmp_path: Path, living: Living) -> None:
    source = tiny.template(tmp_path / "template", {SERVE: "theirs\n"})
    project = tiny.project(source, tmp_path / "project", level=1)
    (project / "serve.py").unlink()
    for level in (0, 1):
        ladder.commit(project, "Next")
        silently(project, level=level)
    assert (project / "serve.py").exists()

    project = living(1)
    (project / "CONTRIBUTING.md").unlink()
    ladder.commit(project, "Delete what we do not use")
    for level in (0, 1):
        assert climb(project, f"--to={level}") == 0
    assert not (project / "CONTRIBUTING.md").exists() and (project / "OWNERS.yaml").exists()


def test_5_a_renamed_file_gets_no_further_text(tmp_path: Path) -> None:
    text = "".join(f"line {number}\n" for number in range(20))
    source = tiny.template(tmp_path / "template", {"serve.py": text})
    project = tiny.project(source, tmp_path / "project")
    (project / "serve.py").rename(project / "api.py")
    ladder.commit(project, "Rename")
    ours = Path(shutil.copytree(project, tmp_path / "ours"))
    mended = text.replace("line 7\n", "line 7, mended\n")
    tiny.template(source, {"serve.py": mended}, "0.2.0")
    silently(project)
    assert read(project / "api.py") == text and not (project / "serve.py").exists()
    assert climb(ours, "--template-version=0.2.0") == 0
    assert read(ours / "api.py") == mended and not (ours / "serve.py").exists()


def test_6_one_stage_comes_from_both_sides(tmp_path: Path, living: Living) -> None:
    grows = tiny.above(0, "  validate:\n    cmd: theirs\n")
    stages = f"stages:\n{grows}  train:\n    cmd: train\n  gate:\n    cmd: gate\n"
    source = tiny.template(tmp_path / "template", {"dvc.yaml": stages})
    project = tiny.project(source, tmp_path / "project")
    lived_in(project, append(project / "dvc.yaml", "  validate:\n    cmd: ours\n"))
    silently(project, level=1)
    assert read(project / "dvc.yaml").count("  validate:\n") == 2

    own = "stages:\n  validate:\n    cmd: echo ours\n"
    project = lived_in(living(1), {"pipeline/ours/dvc.yaml": own})
    assert climb(project, "--to=2") == 0
    assert read(project / "pipeline/ours/dvc.yaml") == own
    assert read(project / "pipeline/validate/dvc.yaml").count("  validate:\n") == 1


def test_6_one_table_comes_from_both_sides(tmp_path: Path, living: Living, capsys: pytest.CaptureFixture[str]) -> None:
    grows = tiny.above(0, "[tool.mypy]\nstrict = true\n\n")
    settings = f"[tool.ruff]\nline-length = 100\n\n{grows}[tool.uv]\npackage = true\n"
    source = tiny.template(tmp_path / "template", {"pyproject.toml": settings})
    project = tiny.project(source, tmp_path / "project")
    lived_in(project, append(project / "pyproject.toml", "\n[tool.mypy]\nstrict = false\n"))
    silently(project, level=1)
    with pytest.raises(tomllib.TOMLDecodeError):
        tomllib.loads(read(project / "pyproject.toml"))

    project = living(0)
    own_group = '# The end of the template\'s part.\nlevel-1 = ["tqdm>=4.60"]\n'
    settings = read(project / "pyproject.toml").replace("# The end of the template's part.\n", own_group)
    refused(lived_in(project, {"pyproject.toml": settings}), capsys, "--to=1", names="pyproject.toml")


def test_6_an_included_group_is_gone(tmp_path: Path, living: Living, capsys: pytest.CaptureFixture[str]) -> None:
    grows = tiny.above(0, 'level-1 = ["fastapi"]\n')
    groups = f'[dependency-groups]\nfirst = []\n{grows}level-0 = ["pandas"]\n# The end.\n\n[tool.uv]\npackage = false\n'
    source = tiny.template(tmp_path / "template", {"pyproject.toml": groups})
    project = tiny.project(source, tmp_path / "project", level=1)
    own_group = '# The end.\nours = [{ include-group = "level-1" }]\n'
    lived_in(project, {"pyproject.toml": read(project / "pyproject.toml").replace("# The end.\n", own_group)})
    silently(project, level=0)
    found = tomllib.loads(read(project / "pyproject.toml"))["dependency-groups"]
    assert found["ours"] == [{"include-group": "level-1"}] and "level-1" not in found

    project = living(1)
    own_group = '# The end of the template\'s part.\nours = [{ include-group = "level-1" }]\n'
    settings = read(project / "pyproject.toml").replace("# The end of the template's part.\n", own_group)
    refused(lived_in(project, {"pyproject.toml": settings}), capsys, "--to=0", names="level-1")


def test_7_committed_markers_do_not_stop_the_next_update(
    tmp_path: Path, living: Living, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tiny.template(tmp_path / "template", {"README.md": "theirs\n", SERVE: "theirs\n"})
    project = lived_in(tiny.project(source, tmp_path / "project"), {"README.md": MARKERS})
    silently(project, level=1)
    assert read(project / "README.md") == MARKERS and (project / "serve.py").exists()

    refused(lived_in(living(0), {"README.md": MARKERS}), capsys, "--to=1", names="README.md")


def test_7_an_unknown_answer_does_nothing(tmp_path: Path, living: Living, capsys: pytest.CaptureFixture[str]) -> None:
    project = tiny.project(tiny.template(tmp_path / "template", {SERVE: "theirs\n"}), tmp_path / "project")
    silently(project, levle=1)
    assert ladder.git(project, "status", "--porcelain") == ""

    refused(living(0), capsys, "--set=levle=1", names="levle")


def test_8_a_file_where_a_folder_comes_leaves_half_an_update(
    tmp_path: Path, living: Living, capsys: pytest.CaptureFixture[str]
) -> None:
    # Copier renders in the order of the file system, so the file in the way is met after some files, or before others.
    names = {folder + name for folder in ("", "web/", "web/docs/") for name in ("a.py", "b.py", "x.py", "y.py")}
    later = {str(Path(name).with_name(tiny.above(0, Path(name).name))): "theirs\n" for name in names}
    later = {name.replace("docs", tiny.above(0, "docs")): text for name, text in later.items()}
    source = tiny.template(tmp_path / "template", later)
    project = lived_in(tiny.project(source, tmp_path / "project"), {"web/docs": "ours\n"})
    done = ladder.run([sys.executable, "-m", "copier", "update", "--defaults", "--data=level=1"], project, check=False)
    assert done.returncode == 1 and "FileExistsError" in done.stderr
    came = {name for name in names if (project / name).exists()}
    assert set() < came < names

    refused(lived_in(living(0), {"docs": "Ours\n"}), capsys, "--to=1", names="docs")
