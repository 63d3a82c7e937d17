"""Each orchestrator really runs the stages: one task each, with its output in the log, retries where they help."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import ladder
from tests.tools import environment

pytestmark = pytest.mark.xdist_group("orchestrators")

Live = Callable[..., Path]
SCRIPTS = {"prefect": "prefect_flow.py", "dagster": "dagster_job.py", "airflow": "airflow_dag.py"}
# Stages that take a moment, so that what is tried is the orchestrator: the first two, and one of the test's own.
STAGES = 'STAGES = ("ingest", "validate", "last")'
LAST = """stages:
  last:
    wdir: ../..
    cmd: python last.py
    deps: [data/validated/table.parquet, last.py]
    outs: [reports/last]
"""


@pytest.fixture(scope="module")
def project(
    live: Live, rendered: Live, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> tuple[Path, str]:
    """A project that may be changed, whose pipeline ends with a stage of its own; and its orchestrator's script."""
    tool = request.param
    folder = ladder.copied(live(level=2), tmp_path_factory.mktemp(tool) / "project")
    environment.link(live(level=2) / ".venv", folder / ".venv")
    made = rendered(level=2, orchestrator=tool) / "orchestration" / SCRIPTS[tool]
    text, changes = re.subn("^STAGES = .*$", STAGES, made.read_text(encoding="utf-8"), flags=re.M)
    assert changes == 1
    (folder / "orchestration").mkdir()
    (folder / "orchestration" / SCRIPTS[tool]).write_text(text, encoding="utf-8")
    (folder / "pipeline/last").mkdir()
    (folder / "pipeline/last/dvc.yaml").write_text(LAST, encoding="utf-8")
    return folder, f"orchestration/{SCRIPTS[tool]}"


def write(folder: Path, script: str) -> None:
    """What the last stage does; `tries` counts how often."""
    count = (
        "from pathlib import Path\n"
        "with Path('tries').open('a') as file: file.write('x')\n"
        "tries = len(Path('tries').read_text())\n"
    )
    (folder / "last.py").write_text(count + script, encoding="utf-8")
    (folder / "tries").unlink(missing_ok=True)


EVERY_TOOL = pytest.mark.parametrize("project", SCRIPTS, indirect=True)


@EVERY_TOOL
def test_a_stage_that_breaks_is_tried_again(project: tuple[Path, str]) -> None:
    """It works at the second attempt, and what stages print stands in the tool's log."""
    folder, script = project
    write(
        folder, "print('attempt', tries)\nif tries < 2: raise SystemExit(3)\nPath('reports/last').write_text('done')\n"
    )
    done = ladder.run(["uv", "run", "--script", script], folder, RETRY_SECONDS="0")
    log = done.stdout + done.stderr
    assert (folder / "tries").read_text() == "xx", log
    assert "attempt 1" in log and "attempt 2" in log
    assert (folder / "data/validated/table.parquet").is_file()


@EVERY_TOOL
def test_a_stage_that_says_no_is_not_tried_again_and_fails_the_run(project: tuple[Path, str]) -> None:
    """Exit code 1 is a finding."""
    folder, script = project
    write(folder, "print('the gate is shut')\nraise SystemExit(1)\n")
    done = ladder.run(["uv", "run", "--script", script], folder, check=False, RETRY_SECONDS="0")
    log = done.stdout + done.stderr
    assert done.returncode != 0
    assert "the gate is shut" in log
    assert (folder / "tries").read_text() == "x", log


@pytest.mark.parametrize("tool", SCRIPTS)
def test_every_stage_of_the_pipeline_is_a_task(tool: str, rendered: Live) -> None:
    project = rendered(level=2, orchestrator=tool)
    text = (project / "orchestration" / SCRIPTS[tool]).read_text(encoding="utf-8")
    named = re.search(r"^STAGES = \((.*)\)$", text, re.M)
    assert named and set(re.findall(r"\w+", named[1])) == {path.name for path in (project / "pipeline").iterdir()}
