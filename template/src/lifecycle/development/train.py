"""Train a model, test it on held-out rows, and keep it as a new version.

Examples:
  {name} train
  {name} train --data ../tables/last_year.csv
  {name} train --json
"""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import problem, project
from ..extensions import extends, extensions
from ..maturity import Evidence, recent
from ..problem import part

if TYPE_CHECKING:
    from pandas import DataFrame as Frame
    from pandas import Series
    from rich.table import Table

    from .model import Build, Model


@dataclass
class Run:
    """A training under way, as the extension point `training(run)` gets it.

    A function that extends `training` returns a context manager: what it raises on entering stops
    the training before it starts; on leaving, the new version is kept and every field is set. What
    it raises then puts the version aside. The highest precedence is entered first, left last."""

    facts: dict[str, Any]
    build: "Build | None" = None  # replaces model.build of your package
    model: "Model | None" = None
    y_true: "Series | None" = None
    y_pred: "Frame | None" = None
    folder: Path | None = None
    figures: dict[str, Any] = field(default_factory=dict)
    report: Path | None = None


def train(path: Path) -> Run:
    """Learn from the table at `path`; returns the run, whose folder holds the new version."""
    run = Run(start(path))
    try:
        with ExitStack() as stack:
            for context in extensions("training"):
                stack.enter_context(context(run))
            learn(run, path)
    except BaseException:
        if run.folder:
            aside = run.folder.rename(run.folder.with_name(f".{run.folder.name}"))
            print(f"the model was fitted but the training failed: it is put aside as {aside}")
        raise
    return run


def learn(run: Run, path: Path) -> None:
    """Read the table, fit and test the model, and keep it; sets every field of the run."""
    # Only now: what a context starts can go on while these import pandas.
    from ..data import describe
    from . import model

    params = run.facts["params"]
    model.seed(params["seed"])
    print(f"reading {path}")
    frame = problem.load(path)
    roles = describe.roles(frame)
    if not model.versions():
        describe.show(describe.understand(frame, roles))
    rows, test, *how = part("data").split(frame)
    split = " ".join(how) or f"by {problem.path('data')}"
    print(f"learning from {len(rows)} rows, {len(test)} held out: {split}")
    counts = {"rows": len(frame), "train_rows": len(rows), "test_rows": len(test)}
    run.facts["data"] |= counts | {"split": split}
    columns, target, weights = rows[roles.features], rows[roles.target], roles.weights(rows)
    run.model = model.fit(columns, target, params, weights=weights, build=run.build)
    added = [column for column in frame.attrs["enriched"] if column in columns]
    run.facts |= run.model.facts | {"enriched": added}
    run.y_true, run.y_pred = test[roles.target], run.model.predict(test)
    guess = baseline(target, test, run.model.labels, weights)
    groups, weights = test[roles.sensitive], roles.weights(test)
    run.facts |= compare(run.y_true, run.y_pred, guess, groups, weights)
    if run.model.labels is None:
        deciles = run.y_pred["prediction"].quantile([i / 10 for i in range(11)])
        run.facts["deciles"] = sorted(set(deciles))
    shown, typed = columns.head(3), run.model.prepare(columns.head(3))
    shown = shown.assign(**{c: typed[c] for c in typed if typed[c].dtype == object})
    run.facts["examples"] = json.loads(shown.to_json(orient="records", date_format="iso"))
    run.model.facts = run.facts
    run.folder = model.save(run.model)


def start(path: Path) -> dict[str, Any]:
    """What is known of a training before it begins."""
    now, md5, conf = datetime.now(UTC), project.md5(path), project.conf()
    return {
        "version": f"{now:%Y%m%d-%H%M%S}-{md5[:4]}",
        "created": now.isoformat(timespec="seconds"),
        "problem_type": conf["problem_type"],
        "target": conf["target"],
        "params": project.params(),
        "data": {"path": str(conf["path"]), "md5": md5},
    }


def compare(
    y_true: "Series",
    y_pred: "Frame",
    baseline: "Frame",
    groups: "Frame",
    weights: "Series | None" = None,
) -> dict[str, Any]:
    """The metrics of the model and of the baseline, and the model's for each group."""
    from ..data import describe

    def score(predictions: "Frame", rows: Any) -> dict[str, float]:
        counts = None if weights is None else weights[rows]
        return problem.score(y_true[rows], predictions.loc[rows], counts)

    metrics, everything = part("metrics"), y_true.index
    scores = score(y_pred, everything)
    if metrics.PRIMARY not in scores:
        raise project.Failure(
            f"{problem.path('metrics')}: PRIMARY is {metrics.PRIMARY!r}, "
            f"score returns {list(scores)}"
        )
    return {
        "metrics": scores,
        "baseline": score(baseline, everything),
        "primary": metrics.PRIMARY,
        "greater_is_better": metrics.GREATER_IS_BETTER,
        "groups": {
            column: {
                str(value): score(y_pred, rows) | {"rows": len(rows)}
                for value, rows in groups.groupby(describe.parts(groups[column])).groups.items()
            }
            for column in groups
        },
    }


def baseline(known: "Series", test: "Frame", labels: Any, weights: Any = None) -> "Frame":
    """What a prediction without a model would be: the shares of the classes, or the mean.

    `known` is the target of the rows that were learned from; `labels` are the classes, if any."""
    import numpy as np
    import pandas as pd

    if labels is None:
        return pd.DataFrame({"prediction": np.average(known, weights=weights)}, index=test.index)
    counts = pd.Series(1.0, known.index) if weights is None else weights
    shares = counts.groupby(known).sum().sort_values(ascending=False, kind="stable") / counts.sum()
    columns = {f"probability_{label}": shares.get(label, 0.0) for label in labels}
    return pd.DataFrame({"prediction": shares.index[0], **columns}, index=test.index)


def tables(facts: dict[str, Any]) -> Iterator["Table"]:
    """The metrics beside those of the baseline, then those of each group."""
    pairs = [(name, score, facts["baseline"][name]) for name, score in facts["metrics"].items()]
    rows = [{"metric": n, "model": f"{s:.4g}", "baseline": f"{b:.4g}"} for n, s, b in pairs]
    yield project.table(rows)
    for column, groups in facts["groups"].items():
        yield project.table(
            [{column: g} | {n: f"{s:.4g}" for n, s in found.items()} for g, found in groups.items()]
        )


@extends("evidence")
def evidence() -> Iterator[Evidence]:
    """M0: a training in the last 30 days."""
    from . import model

    facts = model.facts(model.latest()) if model.versions() else {}
    if facts and recent(facts["created"]):
        yield Evidence("M0", "proven", f"{facts['version']} was trained")
    else:
        yield Evidence("M0", "missing", "no training in 30 days", f"{project.name()} train")


@extends("command")
def command(parser: ArgumentParser) -> Callable[[Namespace], dict[str, Any]]:
    parser.add_argument("--data", type=Path, help="another table than the one in conf/data.yaml")

    def run(arguments: Namespace) -> dict[str, Any]:
        from rich import print as show

        done = train(arguments.data or project.data_path())
        show(*tables(done.facts), sep="\n")
        print(f"{done.facts['primary']} decides; the model is kept as {done.folder}")
        return done.facts

    return run
