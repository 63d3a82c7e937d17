"""Train a model, test it on held-out rows, and keep it as a new version.

Examples:
  {name} train
  {name} train --data ../tables/last_year.csv
  {name} train --json
"""

import json
import platform
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version as installed
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import project
from ..maturity import Evidence, recent
from ..problem_api import part

if TYPE_CHECKING:
    from pandas import DataFrame as Frame
    from pandas import Series

    from ..data.describe import Roles
    from .model import Model


@dataclass
class Run:
    """A training under way, as the extension point `training(run)` gets it.

    A module that defines `training` returns a context manager: what it checks on entering can stop
    the training before it starts; on leaving, all fields are filled."""

    facts: dict[str, Any]
    model: "Model | None" = None
    figures: dict[str, Any] = field(default_factory=dict)
    folder: Path | None = None
    report: Path | None = None


def train(path: Path) -> Run:
    """Learn from the table at `path`; returns the run, whose folder holds the new version."""
    from ..data import describe
    from . import model, report

    with ExitStack() as stack:
        run = Run(beginning(path))
        for module in project.modules("training"):
            stack.enter_context(module.training(run))
        print(f"reading {path}")
        frame = part("data").load(path)
        roles = describe.roles(frame)
        if not model.versions():
            describe.show(describe.understand(frame, roles))
        rows, test, *how = part("data").split(frame)
        run.facts["data"] |= {
            "rows": len(frame),
            "train_rows": len(rows),
            "test_rows": len(test),
            "split": " ".join(how) or "by problem/data.py",
        }
        print(f"learning from {len(rows)} rows, {len(test)} held out: {run.facts['data']['split']}")
        run.model = model.fit(rows[roles.features], rows[roles.target], run.facts["params"])
        run.model.facts = run.facts = run.facts | run.model.facts
        prediction = run.model.predict(test)
        run.facts |= results(run.model.labels, rows, test, roles, prediction)
        run.facts["examples"] = examples(test[roles.features])
        run.figures = report.pictures(test[roles.target], prediction)
        run.report = report.write(run.facts, run.figures)
        run.folder = model.save(run.model)
    return run


def beginning(path: Path) -> dict[str, Any]:
    """What is known of a training before it starts."""
    now = datetime.now(UTC)
    md5 = project.md5(path)
    commit, dirty = project.commit()
    libraries = ("numpy", "pandas", "scikit-learn")
    return {
        "version": f"{now:%Y%m%d-%H%M%S}-{md5[:4]}",
        "created": now.isoformat(timespec="seconds"),
        "problem_type": project.conf()["problem_type"],
        "target": project.conf()["target"],
        "params": project.params(),
        "data": {"path": project.conf()["path"], "md5": md5},
        "commit": commit,
        "dirty": dirty,
        "python": platform.python_version(),
        "packages": {library: installed(library) for library in libraries},
    }


def results(
    labels: Any, rows: "Frame", test: "Frame", roles: "Roles", prediction: "Frame"
) -> dict[str, Any]:
    """The metrics on the held-out rows: the model's, the simple rule's, and for each group."""
    metrics, truth = part("metrics"), test[roles.target]
    scores = metrics.score(truth, prediction)
    if metrics.PRIMARY not in scores:
        known = ", ".join(scores)
        raise project.Failure(f"problem/metrics.py: PRIMARY is {metrics.PRIMARY}, not in {known}")
    groups = {
        column: {
            str(value): metrics.score(truth[some.index], prediction.loc[some.index])
            | {"rows": len(some)}
            for value, some in test.groupby(column, dropna=False)
        }
        for column in roles.sensitive
    }
    return {
        "metrics": scores,
        "baseline": metrics.score(truth, simple_rule(rows[roles.target], test, labels)),
        "groups": groups,
        "primary": metrics.PRIMARY,
        "labels": None if labels is None else labels.tolist(),
        "greater_is_better": metrics.GREATER_IS_BETTER,
    }


def examples(rows: "Frame") -> list[dict[str, Any]]:
    """Three real rows as JSON has them, for whoever wants to ask the model."""
    return list(json.loads(rows.head(3).to_json(orient="records", date_format="iso")))


def simple_rule(known: "Series", test: "Frame", labels: Any) -> "Frame":
    """What a prediction without a model would be: the shares of the classes, or the mean."""
    import pandas as pd

    if labels is None:
        return pd.DataFrame({"prediction": known.mean()}, index=test.index)
    shares = known.value_counts(normalize=True)
    columns = {f"probability_{label}": shares.get(label, 0.0) for label in labels}
    return pd.DataFrame({"prediction": shares.index[0], **columns}, index=test.index)


def evidence() -> Iterator[Evidence]:
    """M0: a training in the last 30 days."""
    from . import model

    found = model.versions()
    facts = model.facts(found[-1]) if found else {}
    if facts and recent(facts["created"]):
        detail = f"{facts['version']}: {facts['primary']} {facts['metrics'][facts['primary']]:.4g}"
        yield Evidence("M0", "proven", detail)
    else:
        yield Evidence("M0", "missing", "no training in 30 days", f"{project.name()} train")


def command(parser: ArgumentParser) -> Callable[[Namespace], dict[str, Any]]:
    parser.add_argument("--data", type=Path, help="another table than the one in conf/data.yaml")

    def run(arguments: Namespace) -> dict[str, Any]:
        from . import report

        done = train(arguments.data or project.data_path())
        report.show(done.facts)
        print(f"kept as {done.folder}\nreport: {done.report}")
        return done.facts

    return run
