"""What monitors find in recent rows, and the report that is kept of it.

A monitor looks at one aspect of the rows and says what it finds. It is a function

    @extends("monitor")
    def monitor(window: Window) -> Iterable[Finding]

where `window.batches()` are the rows with their predictions, `window.reference` is the profile of
the rows that were held out in training and `window.held_out()` are those rows with their target;
`window.version`, `window.since` and `window.until` say whose answers they are and of when. The
`drift` command calls every monitor and puts the findings on its page, in reports/drift.json and,
through the server, among the metrics.
"""

import json
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import AwareDatetime, BaseModel, ValidationError

from ..extensions import extensions
from ..project import Failure, root, write_atomically
from .window import Window

FORMAT = 1
Severity = Literal["critical", "warning", "info"]
SEVERITIES = get_args(Severity)


class Finding(BaseModel):
    """What a monitor found; anything but `info` makes the command exit with 1."""

    kind: str  # of the monitor: drift
    text: str  # a sentence for people
    column: str = ""  # empty if it is about the rows as a whole
    severity: Severity = "warning"
    numbers: dict[str, float] = {}


class Report(BaseModel):
    """What programs need of reports/drift.json; reports before format 1 have no findings."""

    format: int = 0
    time: AwareDatetime
    rows: int
    drifted: list[str]
    findings: list[Finding] = []


def findings(window: Window) -> list[Finding]:
    """What all monitors find, the most severe first."""
    found = [finding for monitor in extensions("monitor") for finding in monitor(window)]
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))


def report_path() -> Path:
    """The last report, for programs."""
    return root() / "reports" / "drift.json"


def write_report(report: dict[str, Any]) -> None:
    """Keep a report, whole or not at all."""
    write_atomically(report_path(), json.dumps({"format": FORMAT} | report, indent=2))


def read_report() -> Report | None:
    """The last report, None if there is none; raises Failure if it cannot be read."""
    try:
        report = Report.model_validate_json(report_path().read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise Failure(f"{report_path()} is damaged: {error}") from None
    if report.format > FORMAT:
        raise Failure(f"{report_path()} was made by a newer template: climb first")
    return report
