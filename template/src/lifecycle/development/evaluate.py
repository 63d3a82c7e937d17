"""Measure a version on held-out rows: its metrics, how sure they are, its slices, its speed.

Each metric has an interval and stands beside those of the baseline and of the champion on the
very same rows. What is measured besides is set in conf/gates.yaml; `{name} gate` judges it.

Examples:
  {name} evaluate
  {name} evaluate 20261121-143501-3f2a
  {name} evaluate --data data/validated/table.parquet
"""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import project
from ..extensions import extends
from ..problem import load, part
from ..project import Failure

if TYPE_CHECKING:
    from pandas import DataFrame

    from ..data.describe import Roles
    from .evaluation.scores import Sample
    from .model import Model

FORMAT = 1  # of reports/evaluation.json


def evaluation_path() -> Path:
    """Where the last evaluation is."""
    return project.root() / "reports" / "evaluation.json"


def evaluate(version: str | None, path: Path) -> dict[str, Any]:
    """Measure a version (the newest by default) and write reports/evaluation.json.

    Raises Failure, and measures nothing, if conf/gates.yaml makes no sense."""
    from ..data import describe
    from . import model
    from .evaluation import behaviour, latency, measure_settings, scores, slices

    settings = measure_settings.read()
    tests, measure = measure_settings.behaviour_tests(settings), settings.measure
    scorer = model.load(version)
    frame = load(path)
    roles = describe.roles(frame)
    known, rows, *split = part("data").split(frame)
    rows = rows.sort_values(roles.time, kind="stable") if roles.time else rows
    rows = rows.reset_index(drop=True)
    sliced = slices.slice_columns(rows, scorer, measure.slices, roles.sensitive)
    champion_version = champion(scorer.version)
    sample = predicted(scorer, known, rows, roles, champion_version)
    print(f"measuring {scorer.version} on {len(rows)} held-out rows: {' '.join(split)}")
    behaved = list(behaviour.check(scorer, rows, tests))
    found = about(scorer, path, len(rows)) | {"settings": measure_settings.recorded(settings)}
    found |= scores.measured(sample, measure, in_time=roles.time is not None)
    if found["champion"]:
        found["champion"]["version"] = champion_version
    found["behaviour"] = behaved
    found["latency_ms"] = {str(size): latency.latency(scorer, rows, size) for size in (1, 100)}
    parts = {column: describe.parts(rows[column]) for column in sliced}
    found["slices"] = list(slices.slices(sample, parts, found, measure))
    project.write_atomically(evaluation_path(), json.dumps(plain(found), indent=2))
    # The last verdict was on an older evaluation.
    evaluation_path().with_name("gate.json").unlink(missing_ok=True)
    return dict(plain(found))


def predicted(
    scorer: "Model", known: "DataFrame", rows: "DataFrame", roles: "Roles", champion: str | None
) -> "Sample":
    """The predictions of the model, of the baseline, which knows only the targets of the training
    rows, and of the champion if there is one; raises Failure if that one cannot predict."""
    from . import model
    from .evaluation.scores import Sample
    from .train import baseline

    predictions = {
        "model": scorer.predict(rows),
        "baseline": baseline(known[roles.target], rows, scorer.labels, roles.weights(known)),
    }
    if champion:
        try:
            predictions["champion"] = model.load(champion).predict(rows)
        except Failure as failure:
            raise Failure(f"the champion {champion} cannot predict: {failure}") from None
    return Sample(rows[roles.target], predictions, roles.weights(rows))


def about(scorer: "Model", path: Path, rows: int) -> dict[str, Any]:
    """What was measured, on what, and which metric decides."""
    from . import fingerprint, model

    md5 = project.md5(path)
    return {
        "format": FORMAT,
        "version": scorer.version,
        "created": datetime.now(UTC).isoformat(),
        "model_sha256": fingerprint.model_sha256(scorer.version),
        "bytes": sum(f.stat().st_size for f in fingerprint.files(model.folder(scorer.version))),
        "data": {"path": str(path), "md5": md5, "test_rows": rows},
        "same_data": scorer.facts["data"]["md5"] == md5,
        "primary": part("metrics").PRIMARY,
        "greater_is_better": part("metrics").GREATER_IS_BETTER,
    }


def champion(version: str) -> str | None:
    """The approved version that this one is compared with; None if there is no other."""
    from ..governance import approvals

    found = approvals.champion()
    return None if found == version else found


def plain(value: Any) -> Any:
    """The value as JSON has it: what is no finite number is null."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    return value


@extends("command")
def command(parser: ArgumentParser) -> Callable[[Namespace], dict[str, Any]]:
    parser.add_argument("version", nargs="?", help="a version; the newest by default")
    parser.add_argument("--data", type=Path, help="another table than the one in conf/data.yaml")

    def run(arguments: Namespace) -> dict[str, Any]:
        from . import evaluation_page

        found = evaluate(arguments.version, arguments.data or project.data_path())
        print(f"page: {evaluation_page.write(found)}")
        return found

    return run
