"""GitHub workflows, run on this machine by act."""

import json
import os
import re
from pathlib import Path

from tests import tools

# Third-party actions are replaced by what they do here, so that the steps around them are real.
STAND_INS = tools.HERE / "actions"
LINK = tools.HERE / "environment.py"


def uses(workflow: Path) -> set[tuple[str, str]]:
    """The actions of a workflow: their repository and the commit they are pinned to."""
    return set(re.findall(r"uses: (\S+)@(\S+)", workflow.read_text(encoding="utf-8")))


def run(
    workflow: Path,
    event: str,
    scratch: Path,
    *options: str,
    path: Path | None = None,
    like: Path | None = None,
    **env: str,
) -> tuple[dict[str, bool], str]:
    """Run a workflow of a committed project; says which jobs succeeded, and what was printed.

    Each job starts with the environment of the project that it is `like`, or installs everything."""
    project = workflow.parents[2]
    artifacts = scratch / "artifacts"
    artifacts.mkdir(parents=True, exist_ok=True)
    local = [f"{name}@{commit}={STAND_INS / Path(name).name}" for name, commit in uses(workflow)]
    environment = {"STAND_IN_REPOSITORY": str(project), "STAND_IN_ARTIFACTS": str(artifacts), **env}
    environment |= {name: os.environ[name] for name in ("MYPY_CACHE_DIR",) if name in os.environ}
    environment |= {"STAND_IN_ENVIRONMENT": str(like / ".venv"), "STAND_IN_LINK": str(LINK)} if like else {}
    done = tools.run(
        "act",
        event,
        "--json",
        "--directory",
        project,
        "--workflows",
        workflow,
        "--platform=ubuntu-latest=-self-hosted",
        "--no-skip-checkout",
        "--no-cache-server",
        "--pull=false",
        "--action-cache-path",
        scratch / "cache",
        *(part for repository in local for part in ("--local-repository", repository)),
        *(part for name, value in environment.items() for part in ("--env", f"{name}={value}")),
        *options,
        cwd=project,
        check=False,
        env={"PATH": tools.path(*([path] if path else []))},
    )
    return read(done.stdout)


def read(log: str) -> tuple[dict[str, bool], str]:
    """Every job of act's log with whether it succeeded, and the log for people."""
    jobs, lines = {}, []
    for line in log.splitlines():
        if not line.startswith("{"):
            lines.append(line)
            continue
        entry = json.loads(line)
        message = re.sub(r"\x1b(\[[\d;]*m|\(B)", "", entry["msg"]).rstrip()
        job = entry.get("matrix", {}).get("name") or entry.get("jobID", "")
        lines.append(f"{job}: {message}")
        if "jobResult" in entry:
            jobs[job] = entry["jobResult"] == "success"
    return jobs, "\n".join(lines)
