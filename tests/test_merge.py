"""The merge behind a climb: pure git on three trees, with each special case settled as people expect."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from mlops_ladder.merge import Merge, merge
from mlops_ladder.refusal import Refusal
from tests import ladder

BODY = "".join(f"line {number} of the template's text\n" for number in range(30))
OLD = {
    ".copier-answers.yml": "level: 0\n",
    "src/code.py": BODY,
    "notes/seed.md": "A seed.\n",
    "pyproject.toml": "[a]\n",
}
NEW = OLD | {
    ".copier-answers.yml": "level: 1\n",
    "src/code.py": BODY.replace("line 29", "last line"),
    "src/more.py": "x = 1\n",
}


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Files with these texts, byte for byte."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository that holds what the template gave, with settings that would lead git astray."""
    folder = write(tmp_path / "repository", OLD)
    ladder.commit(folder, "Start")
    odd = {"diff.renames": "false", "merge.renames": "false", "core.autocrlf": "true", "merge.conflictStyle": "diff3"}
    for key, value in {**odd, "commit.gpgSign": "true", "user.name": "Owner", "user.email": "o@example.com"}.items():
        ladder.git(folder, "config", key, value)
    hook = write(
        folder / ".git" / "hooks", {"pre-commit": "#!/bin/sh\nexit 1\n", "post-checkout": "#!/bin/sh\nexit 1\n"}
    )
    for name in ("pre-commit", "post-checkout"):
        (hook / name).chmod(0o755)
    return folder


def climb(project: Path, new: Mapping[str, str] = NEW, old: Mapping[str, str] = OLD, prefix: str = "") -> Merge:
    """Merge the step from `old` to `new`; the worktree is left in merged/."""
    place = project.parent
    return merge(project, prefix, write(place / "base", old), write(place / "theirs", new), place / "merged")


def live(project: Path, edits: Mapping[str, str | None]) -> None:
    """Write or delete files, and commit."""
    write(project, {path: text for path, text in edits.items() if text is not None})
    for path in (path for path, text in edits.items() if text is None):
        (project / path).unlink()
    ladder.git(project, "add", "--all", "--force")
    ladder.git(project, "-c", "core.hooksPath=/dev/null", "commit", "--quiet", "--message=Live")


def result(project: Path) -> dict[str, bytes]:
    return ladder.tree(project.parent / "merged")


def test_without_edits_the_result_is_the_new_rendering(project: Path) -> None:
    done = climb(project)
    assert result(project) == {path: text.encode() for path, text in NEW.items()}
    assert (done.added, done.deleted, done.conflicts) == (("src/more.py",), (), ())
    assert done.changed == (".copier-answers.yml", "src/code.py")
    assert ladder.git(project, "log", "--format=%P", "-1", str(done.commit)) == ladder.git(project, "rev-parse", "HEAD")
    assert ladder.git(project, "status", "--porcelain") == ""


def test_edits_of_both_sides_meet_in_one_file(project: Path) -> None:
    live(project, {"src/code.py": "# mine\n" + BODY, "README.md": "mine\n"})
    assert climb(project).commit
    assert result(project)["src/code.py"].decode() == "# mine\n" + NEW["src/code.py"]


def test_a_file_that_people_moved_gets_the_templates_text(project: Path) -> None:
    live(project, {"src/code.py": None, "lib/core.py": "# mine\n" + BODY})
    done = climb(project)
    assert done.moved == {"src/code.py": "lib/core.py"}
    assert result(project)["lib/core.py"].decode() == "# mine\n" + NEW["src/code.py"]
    assert "src/code.py" not in result(project)


def test_what_people_deleted_stays_deleted(project: Path) -> None:
    live(project, {"src/code.py": None})
    assert climb(project).commit
    assert "src/code.py" not in result(project)


def test_what_people_deleted_stays_deleted_after_down_and_up(project: Path) -> None:
    live(project, {path: text for path, text in NEW.items() if OLD.get(path) != text})
    live(project, {"src/more.py": None})
    live(project, {".copier-answers.yml": OLD[".copier-answers.yml"], "src/code.py": OLD["src/code.py"]})
    assert climb(project).absent == ("src/more.py",)
    assert "src/more.py" not in result(project)


def test_what_a_climb_took_away_comes_back(project: Path) -> None:
    live(project, {path: text for path, text in NEW.items() if OLD.get(path) != text})
    live(project, OLD | {"src/more.py": None})
    assert climb(project).absent == ()
    assert "src/more.py" in result(project)


def test_edited_files_that_the_template_drops_are_kept_and_named(project: Path) -> None:
    live(project, {"src/code.py": "# mine\n" + BODY})
    done = climb(project, {path: text for path, text in OLD.items() if path not in ("src/code.py", "notes/seed.md")})
    assert (done.kept, done.deleted, done.conflicts) == (("src/code.py",), ("notes/seed.md",), ())
    assert "src/code.py" in result(project)


def test_a_conflict_is_visible_and_names_its_file(project: Path) -> None:
    live(project, {"lib/core.py": BODY.replace("line 29", "our line"), "src/code.py": None, "src/more.py": "y = 2\n"})
    done = climb(project)
    assert done.commit is None
    assert [(found.path, found.origin) for found in done.conflicts] == [
        ("lib/core.py", "src/code.py"),
        ("src/more.py", "src/more.py"),
    ]
    assert "our line" in result(project)["lib/core.py"].decode()
    assert "lib/core.py" in ladder.git(project.parent / "merged", "ls-files", "-u")


def test_a_file_with_crlf_merges_and_keeps_its_line_endings(project: Path) -> None:
    windows = ("# mine\n" + BODY).replace("\n", "\r\n")
    ladder.git(project, "config", "core.autocrlf", "false")
    live(project, {"src/code.py": windows})
    assert climb(project).conflicts == ()
    assert result(project)["src/code.py"].decode() == ("# mine\n" + NEW["src/code.py"]).replace("\n", "\r\n")


def test_a_gitignore_of_the_users_hides_nothing_that_comes(project: Path) -> None:
    live(project, {".gitignore": "*.py\n"})
    assert climb(project).added == ("src/more.py",)


@pytest.mark.parametrize("own", ["src/more.py/inside.txt", "src/deep"])
def test_a_file_where_a_folder_must_come_is_refused(project: Path, own: str) -> None:
    live(project, {own: "mine\n"})
    with pytest.raises(Refusal, match="rename"):
        climb(project, NEW | {"src/deep/new.py": "x = 1\n"})
    assert ladder.git(project, "status", "--porcelain") == ""


def test_a_project_in_a_subfolder_leaves_the_rest_alone(project: Path) -> None:
    live(
        project,
        dict.fromkeys(OLD) | {f"models/one/{path}": text for path, text in OLD.items()} | {"src/code.py": "other\n"},
    )
    done = climb(project, prefix="models/one/")
    assert done.added == ("src/more.py",)
    expected = {f"models/one/{path}": text.encode() for path, text in NEW.items()} | {"src/code.py": b"other\n"}
    assert result(project) == expected


def test_a_shallow_clone_climbs(project: Path, tmp_path: Path) -> None:
    live(project, {"README.md": "mine\n"})
    ladder.git(tmp_path, "clone", "--quiet", "--depth=1", project.as_uri(), "shallow")
    ladder.git(tmp_path / "shallow", "config", "user.name", "Owner")
    assert climb(tmp_path / "shallow").added == ("src/more.py",)
