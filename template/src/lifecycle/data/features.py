"""Show what automated features each column would become, and whether they beat the project's own.

Both are tried with the same model on the same folds: forward in time where the table has a time
column. The rows that are held out to test the model are not touched.

Examples:
  {name} features
  {name} features --data ../tables/last_year.csv
"""

import json
import math
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import project
from ..extensions import extends
from ..maturity import Evidence, recent
from ..problem import load, part, path, score

if TYPE_CHECKING:
    import numpy as np
    from pandas import DataFrame as Frame

    from ..development.model import Model
    from .cross_validation import Fold
    from .describe import Roles

FOLDS = 5
SEEDS = 3  # models a fold: with one, chance in the training hides what features bring
SHUFFLES = 5


def features(source: Path) -> dict[str, Any]:
    """Compare both on the rows to learn from; returns the report kept as reports/features.json."""
    from . import cross_validation, describe, features_page
    from .vectorizer import vectorizer

    frame, params = load(source), project.params()
    role = describe.roles(frame)
    rows, *_ = part("data").split(frame)
    made = cross_validation.folds(rows, role, FOLDS)
    if len(made) < 2 or len(rows) < 10 * FOLDS:
        raise project.Failure(f"{len(rows)} rows are too few to compare features")
    builders = {"own": part("features").build, "automated": vectorizer}
    gains: dict[str, list[float]] = {name: [] for name in builders}
    last = {}
    for number, fold in enumerate(made, 1):
        for name, build in builders.items():
            gains[name].append(0.0)
            for seed in range(SEEDS):
                encoder, drawn = build(params.get("features") or {}), params | {"seed": seed}
                last[name], score = fitted(rows, fold, role, drawn, encoder)
                gains[name][-1] += score / SEEDS
            print(f"fold {number} of {len(made)}, {name}: {abs(gains[name][-1]):.4g}", flush=True)
    tested = rows.iloc[made[-1][1]]
    share = sum(len(new) / len(known) for known, new in made) / len(made)
    report = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": {"path": str(source), "md5": project.md5(source)},
        "metric": part("metrics").PRIMARY,
        "folds": f"{len(made)} {'forward' if role.time else 'random'}",
        "gains": gains,
        **difference(gains["own"], gains["automated"], share),
        "milliseconds_a_row": {name: per_row(model, tested) for name, model in last.items()},
        "columns": importance(last["automated"], tested, role),
    }
    features_page.write(report)
    return report


def fitted(
    rows: "Frame", fold: "Fold", role: "Roles", params: dict[str, Any], encoder: Any
) -> tuple["Model", float]:
    """A model that learned from one side of a fold, and what it gains on the other."""
    from ..development import model

    known, tested = (rows.iloc[side] for side in fold)
    made = model.fit(known[role.features], known[role.target], params, encoder, role.weights(known))
    return made, gain(tested, role, made.predict(tested))


def gain(rows: "Frame", role: "Roles", predictions: "Frame") -> float:
    """The metric that decides, turned so that greater is better."""
    metrics = part("metrics")
    scores = score(rows[role.target], predictions, role.weights(rows))
    if metrics.PRIMARY not in scores:
        raise project.Failure(f"a fold has too few rows or classes for {metrics.PRIMARY}")
    return float(scores[metrics.PRIMARY]) * (1 if metrics.GREATER_IS_BETTER else -1)


def difference(own: list[float], automated: list[float], share: float) -> dict[str, float]:
    """The mean difference over paired folds, with its 95% interval; above 0 is a gain.

    The corrected resampled t interval of Nadeau & Bengio (2003), "Inference for the generalization
    error", Machine Learning 52: folds share rows, so the variance is that of the differences times
    1 / folds + `share`, the mean ratio of rows tested with to rows learned from."""
    from statistics import mean, variance

    from scipy.stats import t

    gains = [after - before for before, after in zip(own, automated, strict=True)]
    error = math.sqrt((1 / len(gains) + share) * variance(gains))
    reach = float(t.ppf(0.975, len(gains) - 1)) * error
    return {"difference": mean(gains), "low": mean(gains) - reach, "high": mean(gains) + reach}


def per_row(model: "Model", rows: "Frame") -> float:
    """Milliseconds that a prediction for one row takes, as a server would ask: the median of 20."""
    from statistics import median

    seconds = []
    for row in range(20):
        asked = rows.iloc[[row % len(rows)]]
        began = time.perf_counter()
        model.predict(asked)
        seconds.append(time.perf_counter() - began)
    return 1000 * median(seconds)


class Given:
    """Features that were already made, in place of a transformer."""

    def __init__(self, numbers: "np.ndarray") -> None:
        self.numbers = numbers

    def transform(self, frame: "Frame") -> "np.ndarray":
        return self.numbers


def importance(model: "Model", rows: "Frame", role: "Roles") -> list[dict[str, Any]]:
    """What each column became, and what the metric loses when its values are shuffled among rows.

    Permutation importance (Breiman 2001, "Random forests", Machine Learning 45), the mean of
    five shuffles of all features of a column at once, on rows that were not learned from."""
    from dataclasses import replace

    import numpy as np

    random = np.random.default_rng(0)
    numbers = model.features.transform(model.prepare(rows))
    best = gain(rows, role, model.predict(rows))
    entries = []
    for column, (encoding, places) in model.features.built().items():
        losses = []
        for _ in range(SHUFFLES):
            shuffled = numbers.copy()
            shuffled[:, places] = numbers[random.permutation(len(rows))][:, places]
            guess = replace(model, features=Given(shuffled)).predict(rows)
            losses.append(best - gain(rows, role, guess))
        entry: dict[str, Any] = {"column": column, "encoding": encoding}
        entry |= {"features": len(places), "importance": float(np.mean(losses))}
        entries.append(entry | {"spread": float(np.std(losses))})
    return sorted(entries, key=lambda entry: -entry["importance"])


@extends("evidence")
def evidence() -> Iterator[Evidence]:
    """D2b: automated features were compared on the newest model's data in the last 30 days."""
    from ..development import model

    kept = project.root() / "reports" / "features.json"
    report = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    models, step = model.versions(), f"{project.name()} features"
    learned = model.facts(models[-1])["data"]["md5"] if models else None
    if not report or not recent(report["time"]):
        yield Evidence("D2b", "missing", "no automated features were tried in 30 days", step)
    elif learned not in (None, report["data"]["md5"]):
        yield Evidence("D2b", "missing", f"{models[-1]} learned from other data", step)
    else:
        detail = f"automated features change {report['metric']} by {report['difference']:+.4g}"
        yield Evidence("D2b", "proven", detail)


@extends("command")
def command(parser: ArgumentParser) -> Callable[[Namespace], dict[str, Any]]:
    parser.add_argument("--data", type=Path, help="another table than the one in conf/data.yaml")

    def run(arguments: Namespace) -> dict[str, Any]:
        from rich import print as show

        from . import features_page

        report = features(arguments.data or project.data_path())
        show(*features_page.shown(report), sep="\n")
        print(features_page.SWITCH.format(path=path("features")))
        return report

    return run
