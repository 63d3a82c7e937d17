"""What is generated for GitLab: the pipeline is run by gitlab-ci-local, and every schema is content."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import ladder, tools
from tests.tools import breakage, environment, gitlab_ci

pytestmark = pytest.mark.xdist_group("gitlab")

Live = Callable[..., Path]


@pytest.fixture
def project(live: Live) -> Path:
    return live(level=1, ci="gitlab")


@pytest.fixture
def copied(project: Path, tmp_path: Path) -> Path:
    """A copy that a pipeline may write to, and that is installed."""
    folder = ladder.copied(project, tmp_path / "project")
    environment.link(project / ".venv", folder / ".venv")
    return folder


def test_every_job_is_green(copied: Path, tmp_path: Path) -> None:
    """The pipeline of a new project succeeds, and keeps the training's report."""
    jobs, log = gitlab_ci.run(copied, tmp_path, isolated=False)
    assert jobs == dict.fromkeys(["lint", "typing", "tests", "training"], True), log
    assert (copied / ".gitlab-ci-local/artifacts/training/reports/training.html").is_file()


def test_every_job_finds_what_it_is_for(copied: Path, tmp_path: Path) -> None:
    """A secret, a type error, a broken test and a missing table each fail their job."""
    breakage.everything(copied)
    jobs, log = gitlab_ci.run(copied, tmp_path, isolated=False)
    assert jobs == dict.fromkeys(["lint", "typing", "tests", "training"], False), log
    assert "settings.toml:1: Secret Keyword" in log


def test_a_new_file_is_a_new_part_of_the_pipeline(copied: Path, tmp_path: Path) -> None:
    """Higher rungs, and the project's owners, add files; the root file stays as it is."""
    (copied / ".gitlab/ci/own.yml").write_text("own:\n  stage: check\n  script: echo it runs\n")
    ladder.commit(copied, "Add a part")
    jobs, log = gitlab_ci.run(copied, tmp_path, "own")
    assert jobs == {"own": True}, log
    assert "it runs" in log


def test_a_tag_trains_builds_and_publishes(copied: Path, tmp_path: Path) -> None:
    """The release's jobs run in their order: what is built holds the model that was just trained."""
    variables: dict[str, Any] = {
        "CI_COMMIT_TAG": "v1.2.3",
        "CI_REGISTRY": "registry.example.com",
        "CI_REGISTRY_IMAGE": "registry.example.com/acme/model",
        "CI_REGISTRY_USER": "bot",
        "CI_REGISTRY_PASSWORD": "a-password-of-the-test",
        "STAND_IN_ARTIFACTS": str(tmp_path),
    }
    jobs, log = gitlab_ci.run(copied, tmp_path, "model", "container", "publish", path=gitlab_ci.SHIMS, **variables)
    assert jobs == dict.fromkeys(["model", "container", "publish"], True), log
    image = "registry.example.com/acme/model:v1.2.3"
    assert (tmp_path / "buildah").read_text().splitlines() == [
        f"build --format docker --file deploy/Dockerfile --tag {image} .",
        "login --username bot --password-stdin registry.example.com",
        f"push {image}",
    ]


def test_settings_are_valid(project: Path) -> None:
    """GitLab's and Renovate's schemas, and YAML in good style."""
    pipeline = [project / ".gitlab-ci.yml", *(project / ".gitlab/ci").iterdir()]
    tools.run("check-jsonschema", "--builtin-schema=vendor.gitlab-ci", *pipeline)
    tools.run("check-jsonschema", "--builtin-schema=vendor.renovate", project / "renovate.json")
    tools.run("yamllint", "--strict", f"--config-file={tools.HERE / 'yamllint.yml'}", *pipeline)


def test_both_services_run_the_same_checks(project: Path, live: Live) -> None:
    """Whoever moves from one service to the other finds the same commands under the same names."""
    gitlab = yaml.safe_load((project / ".gitlab/ci/checks.yml").read_text())
    github = yaml.safe_load((live(level=1, ci="github") / ".github/workflows/ci.yml").read_text())
    matrix = github["jobs"]["check"]["strategy"]["matrix"]["include"]
    assert {job["name"]: job["command"] for job in matrix} == {
        name: job["script"] for name, job in gitlab.items() if not name.startswith(".")
    }
