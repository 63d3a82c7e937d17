"""Measure a version on held-out rows: how good, how sure, where, how fast, how reasonable.

Each metric has an interval and stands beside those of the simple rule and of the champion on the
very same rows. What is measured besides is set in conf/gates.yaml; `{name} gate` judges it.

Examples:
  {name} evaluate
  {name} evaluate 20261121-143501-3f2a
  {name} evaluate --data data/validated/table.parquet
"""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from .. import project
from ..extensions import extends
from ..problem import part
from ..project import Failure

if TYPE_CHECKING:
    import numpy as np
    from pandas import DataFrame as Frame
    from pandas import Series

    from .intervals import Interval
    from .model import Model

MEASURE: dict[str, Any] = {"confidence": 0.95, "resamples": 200, "slices": None, "slice_rows": 200}
RANGES = {"confidence": (0.5, 0.999), "resamples": (20, 1e5), "slice_rows": (2, 1e9)}
CALLS = 200  # that are timed for a size, or as many as 10 seconds allow


def file() -> Path:
    """Where the last evaluation is."""
    return project.root() / "reports" / "evaluation.json"


def settings() -> dict[str, Any]:
    """How to measure: `measure` and `behaviour` in conf/gates.yaml, with what they leave out.

    Raises Failure if a key is not known or a value is out of range."""
    conf = project.conf("gates")
    measure, behaviour = conf.get("measure") or {}, conf.get("behaviour") or []
    if not isinstance(measure, dict) or (unknown := sorted(set(measure) - set(MEASURE))):
        raise Failure(f"conf/gates.yaml: measure has {', '.join(MEASURE)}, and no {unknown[0]}")
    if not isinstance(behaviour, list) or not all(isinstance(test, dict) for test in behaviour):
        raise Failure("conf/gates.yaml: behaviour must be a list of tests")
    found = MEASURE | measure
    for key, (low, high) in RANGES.items():
        value = found[key]
        right = isinstance(value, int | float) and not isinstance(value, bool)
        if not (right and low <= value <= high):
            raise Failure(f"conf/gates.yaml: measure.{key} must lie between {low:g} and {high:g}")
    if not float(found["resamples"]).is_integer():
        raise Failure("conf/gates.yaml: measure.resamples must be a whole number")
    if not isinstance(found["slices"], list | None):
        raise Failure("conf/gates.yaml: measure.slices must be a list of columns, or null")
    return found | {"behaviour": behaviour}


@dataclass
class Sample:
    """What happened in held-out rows, and the predictions for them by who made them."""

    truth: "Series"
    said: dict[str, "Frame"]

    def take(self, places: "np.ndarray") -> "Sample":
        """Some of the rows, under new numbers."""
        some = {who: said.take(places).reset_index(drop=True) for who, said in self.said.items()}
        return Sample(self.truth.take(places).reset_index(drop=True), some)

    def scores(self) -> dict[str, dict[str, float]]:
        """The metrics of everybody."""
        score = part("metrics").score
        return {who: score(self.truth, said) for who, said in self.said.items()}

    def losses(self) -> "np.ndarray":
        """How wrong the model is in each row: the absolute error, or the probability missed."""
        import numpy as np

        said, truth = self.said["model"], self.truth
        if self.truth.dtype.kind in "iuf" and len(said.columns) == 1:
            return np.abs(truth.to_numpy(float) - said["prediction"].to_numpy(float))
        wrong = (truth.astype(str) != said["prediction"].astype(str)).to_numpy(float)
        for column in said.columns[1:]:
            mine = (truth.astype(str) == column.removeprefix("probability_")).to_numpy()
            wrong[mine] = 1 - said.loc[mine, column]
        return wrong


def evaluate(version: str | None, path: Path) -> dict[str, Any]:
    """Measure a version (the newest by default) and write reports/evaluation.json."""
    from ..data import describe
    from . import behaviour, fingerprint, model
    from .train import simple_rule

    how = settings()
    scorer = model.load(version)
    frame = part("data").load(path)
    roles = describe.roles(frame)
    known, rows, *split = part("data").split(frame)
    if roles.time:
        rows = rows.sort_values(roles.time, kind="stable")
    rows = rows.reset_index(drop=True)
    columns = slice_columns(rows, scorer, how["slices"], roles.sensitive)
    said = {
        "model": scorer.predict(rows),
        "simple_rule": simple_rule(known[roles.target], rows, scorer.labels),
    }
    rival = champion(scorer.version)
    if rival:
        try:
            said["champion"] = model.load(rival).predict(rows)
        except Failure as failure:
            raise Failure(f"the champion {rival} cannot be asked: {failure}") from None
    sample, md5 = Sample(rows[roles.target], said), project.md5(path)
    print(f"measuring {scorer.version} on {len(rows)} held-out rows: {' '.join(split)}")
    tests = list(behaviour.check(scorer, rows, how["behaviour"]))
    found = {
        "version": scorer.version,
        "created": datetime.now(UTC).isoformat(),
        "model_sha256": fingerprint.model_sha256(scorer.version),
        "settings": how,
        "data": {"path": str(path), "md5": md5, "test_rows": len(rows)},
        "same_data": scorer.facts["data"]["md5"] == md5,
        "primary": part("metrics").PRIMARY,
        "greater_is_better": part("metrics").GREATER_IS_BETTER,
        **measured(sample, how, in_time=roles.time is not None, rival=rival),
        "behaviour": tests,
        "latency_ms": {str(size): latency(scorer, rows, size) for size in (1, 100)},
        "bytes": sum(f.stat().st_size for f in fingerprint.files(model.folder(scorer.version))),
    }
    parts = {column: describe.parts(rows[column]) for column in columns}
    found["slices"] = list(slices(sample, parts, found))
    project.write_atomically(file(), json.dumps(plain(found), indent=2))
    (file().parent / "gate.json").unlink(missing_ok=True)  # it judged an older evaluation
    return dict(plain(found))


def champion(version: str) -> str | None:
    """The approved version that this one has to stand up to; None if there is no other."""
    from ..governance import approvals

    found = approvals.champion()
    return None if found == version else found


def measured(
    sample: Sample, how: dict[str, Any], in_time: bool, rival: str | None
) -> dict[str, Any]:
    """Everybody's metrics with intervals, and the model's differences to the others' on the same
    rows: what makes rows easy or hard for both of them drops out of a difference."""
    from rich.progress import track

    from . import intervals

    block = intervals.block_length(sample.losses()) if in_time else 1
    drawn = intervals.draws(len(sample.truth), int(how["resamples"]), block)
    values = sample.scores()
    resamples = [
        sample.take(places).scores()
        for places in track(drawn, "resampling", total=how["resamples"], transient=True)
    ]

    def spread(who: str, against: str | None = None) -> "dict[str, Interval]":
        """The intervals of somebody's metrics, or of the differences to somebody else's."""

        def figure(scores: dict[str, dict[str, float]], metric: str) -> float:
            other = scores[against].get(metric, float("nan")) if against else 0.0
            return scores[who].get(metric, float("nan")) - other

        return {
            metric: intervals.interval(
                figure(values, metric),
                [figure(scores, metric) for scores in resamples],
                how["confidence"],
            )
            for metric in values["model"]
        }

    def beside(who: str) -> dict[str, Any]:
        return {"metrics": spread(who), "difference": spread("model", who)}

    return {
        "block_rows": block,
        "metrics": spread("model"),
        "baseline": beside("simple_rule"),
        "champion": {"version": rival, **beside("champion")} if rival else None,
    }


def slices(
    sample: Sample, parts: dict[str, "Series"], found: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """The metrics of each group, and the interval of the deciding metric's difference to the
    whole where the group has enough rows. A quarter of the resamples will do for that."""
    import numpy as np
    from rich.progress import track

    from . import intervals

    how, primary = found["settings"], found["primary"]
    own = Sample(sample.truth, {"model": sample.said["model"]})
    groups = [
        (column, str(value), np.flatnonzero(values == value))
        for column, values in parts.items()
        for value in sorted(values.unique())
    ]
    for column, value, places in track(groups, "slices", transient=True):
        group = own.take(places)
        scores, whole = group.scores()["model"], found["metrics"][primary]["value"]
        entry = {"column": column, "value": value, "rows": len(places), "metrics": scores}
        entry |= {"judged": len(places) >= how["slice_rows"], "difference": None}
        if entry["judged"]:
            block = max(round(found["block_rows"] * len(places) / len(sample.truth)), 1)
            drawn = intervals.draws(len(places), max(int(how["resamples"]) // 4, 20), block)
            values = [
                group.take(some).scores()["model"].get(primary, np.nan) - whole for some in drawn
            ]
            away = scores.get(primary, np.nan) - whole
            entry["difference"] = intervals.interval(away, values, how["confidence"])
        yield entry


def slice_columns(
    rows: "Frame", scorer: "Model", wanted: list[str] | None, sensitive: list[str]
) -> list[str]:
    """The columns that conf/gates.yaml names, else the sensitive ones and categories of at most
    20 values; raises Failure if the table lacks one."""
    if wanted is None:
        kinds = {column["name"]: column["type"] for column in scorer.facts["schema"]}
        words = [column for column, kind in kinds.items() if kind in ("string", "boolean")]
        few = [column for column in words if 1 < rows[column].nunique() <= 20]
        return [*sensitive, *(column for column in few if column not in sensitive)]
    if missing := [column for column in wanted if column not in rows]:
        raise Failure(f"conf/gates.yaml: measure.slices: the table has no column {missing[0]!r}")
    return wanted


def latency(scorer: "Model", rows: "Frame", size: int) -> dict[str, float]:
    """Milliseconds of a prediction for so many rows, typed as the server hands them over: the
    median and the 99th percentile."""
    import numpy as np

    typed = scorer.prepare(rows)
    starts = np.random.default_rng(0).integers(0, len(typed), CALLS + 5)
    batches = [typed.iloc[np.arange(start, start + size) % len(typed)] for start in starts]
    for batch in batches[:5]:
        scorer.predict(batch)
    taken: list[float] = []
    end = perf_counter() + 10
    for batch in batches[5:]:
        start = perf_counter()
        scorer.predict(batch)
        taken.append(1000 * (perf_counter() - start))
        if perf_counter() > end and len(taken) >= 20:
            break
    p50, p99 = np.percentile(taken, [50, 99])
    return {"p50": float(p50), "p99": float(p99), "calls": len(taken)}


def plain(value: Any) -> Any:
    """The value as JSON has it: what is no number is null."""
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
