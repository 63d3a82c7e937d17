"""GitLab pipelines, run on this machine by gitlab-ci-local."""

import re
from pathlib import Path

from tests import tools

SHIMS = tools.HERE / "gitlab"


def run(
    project: Path, scratch: Path, *jobs: str, isolated: bool = True, path: Path | None = None, **variables: str
) -> tuple[dict[str, bool], str]:
    """Run a committed project's pipeline, or jobs of it; says which succeeded, and what was printed.

    Isolated jobs see each other's artifacts only; the others share a folder, and so one installation."""
    cache = tools.run("uv", "cache", "dir").stdout.strip()
    done = tools.run(
        "gitlab-ci-local",
        *jobs,
        "--force-shell-executor",
        "--shell-isolation" if isolated else "--no-shell-isolation",
        f"--home={scratch / 'home'}",
        *(f"--variable={name}={value}" for name, value in {"UV_CACHE_DIR": cache, **variables}.items()),
        cwd=project,
        check=False,
        env={"PATH": tools.path(*([path] if path else [])), "NO_COLOR": "1"},
    )
    results = re.findall(r"^\W*(PASS|FAIL)\W+(\w+)\W*$", done.stdout, re.M)
    return {job: result == "PASS" for result, job in results}, done.stdout
