"""The documentation site of a project, built by both services' pipelines and looked at in a browser."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import ladder, tools
from tests.tools import act, gitlab_ci

pytestmark = pytest.mark.xdist_group("level-2")

Live = Callable[..., Path]


def copied(project: Path, folder: Path) -> Path:
    """A copy that a pipeline may write to."""
    return ladder.copied(project, folder / "project")


def test_github_builds_the_site_and_finds_a_broken_link(live: Live, tmp_path: Path) -> None:
    project = copied(live(level=2), tmp_path)
    workflow = project / ".github/workflows/docs.yml"
    jobs, log = act.run(workflow, "push", tmp_path, like=live(level=2))
    assert jobs == {"site": True}, log
    assert (tmp_path / "artifacts/site/reports/site/index.html").is_file()
    (project / "docs/wrong.md").write_text("# Wrong\n\n[gone](gone.md)\n")
    ladder.commit(project, "Break a link")
    jobs, log = act.run(workflow, "push", tmp_path, like=live(level=2))
    assert jobs == {"site": False} and "wrong.md" in log, log


def test_gitlab_builds_the_site(live: Live, tmp_path: Path) -> None:
    project = copied(live(level=2, ci="gitlab"), tmp_path)
    jobs, log = gitlab_ci.run(project, tmp_path, "docs", "pages")
    assert jobs == {"docs": True, "pages": True}, log
    assert (project / ".gitlab-ci-local/artifacts/pages/public/index.html").is_file()


def test_a_browser_shows_the_site_without_the_network(live: Live, tmp_path: Path) -> None:
    """Every page's title, its navigation and a runbook are rendered from the file."""
    chromium = tools.need("chromium")
    project = copied(live(level=2), tmp_path)
    home = {"PROJECT_ROOT": str(project)}
    ladder.run(["uv", "run", "living-project", "docs"], live(level=2), **home)
    page = project / "reports/site/runbooks/error-rate-high.html"
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND"]
    shown = ladder.run([chromium, *options, "--dump-dom", page.as_uri()], tmp_path).stdout
    assert "<h1" in shown and "ErrorRateHigh" in shown and "Runbooks" in shown
