"""Every answer with what it was asked: logs/predictions/<day>.jsonl, a line a row.

    request_id      what the caller got with the answer; outcomes are joined to it
    time            UTC, ISO
    model_version   the version that answered
    variant         the name under which it did (see deployment/serving/policies.py)
    features        what the model was given
    prediction      {"prediction": ..., "probabilities": {...}}, as it was answered

A thread of its own waits for the disk, and counts the predictions for the metrics, so that a
request waits for neither. What cannot be kept (a full disk, or more than it can write) is counted
and dropped.
"""

import json
import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from ..maturity import Evidence, recent
from ..project import name, root
from .metrics import Metrics

MOST_WAITING = 10_000  # requests; about as many as a disk that hangs for seconds holds up
COLUMNS = ("request_id", "time", "model_version", "variant", "features", "prediction")


def folder() -> Path:
    """Where the days are."""
    return root() / "logs" / "predictions"


@dataclass
class Answered:
    """A request as the log keeps it; `predictions` are those of its answer, in order."""

    time: datetime
    version: str
    variant: str
    rows: Sequence[dict[str, Any]]
    predictions: Sequence[dict[str, Any]]

    def lines(self) -> bytes:
        from pydantic_core import to_json

        about = {
            "time": self.time.isoformat(timespec="milliseconds"),
            "model_version": self.version,
            "variant": self.variant,
        }
        lines = []
        for features, answer in zip(self.rows, self.predictions, strict=True):
            said = {"prediction": answer["prediction"], "probabilities": answer["probabilities"]}
            row = {"request_id": answer["request_id"], **about, "features": features}
            row["prediction"] = said
            lines.append(to_json(row))
        return b"\n".join(lines) + b"\n"


Kept = tuple[Answered, bytes]  # with its lines


class PredictionLog:
    """`write` does not wait; the disk gets its lines five times a second."""

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics
        self.waiting: queue.Queue[Kept | None] = queue.Queue(MOST_WAITING)
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.work, name="prediction-log", daemon=True)
        self.thread.start()

    def write(self, answered: Answered) -> None:
        """Lines are made here: done in the thread, it would take turns with the model's calls."""
        try:
            self.waiting.put_nowait((answered, answered.lines()))
        except queue.Full:
            self.metrics.log_lost.inc(len(answered.rows))

    def work(self) -> None:
        """Keep what came in a fifth of a second together, until None comes."""
        batch: list[Kept | None] = []
        while None not in batch:
            batch = [self.waiting.get()]
            self.stopping.wait(0.2)
            while not self.waiting.empty():
                batch.append(self.waiting.get())
            kept = [one for one in batch if one]
            for day, some in groupby(kept, key=lambda one: one[0].time.date()):
                self.append(folder() / f"{day}.jsonl", list(some))
            for which, same in groupby(kept, key=lambda one: (one[0].version, one[0].variant)):
                self.metrics.predicted(*which, [row for a, _ in same for row in a.predictions])

    def append(self, path: Path, batch: list[Kept]) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab", buffering=0) as file:
                text, start = b"".join(lines for _, lines in batch), file.tell()
                if file.write(text) != len(text):
                    file.truncate(start)  # half a line would spoil the next one
                    raise OSError("the disk is full")
        except Exception:  # whatever it is, the answers went out and the next ones must too
            self.metrics.log_lost.inc(sum(len(answered.rows) for answered, _ in batch))

    def close(self) -> None:
        """Write what is left."""
        self.stopping.set()
        self.waiting.put(None)
        self.thread.join(timeout=10)


def evidence() -> Iterator[Evidence]:
    """P1b: a request answered in the last 30 days."""
    days = sorted(folder().glob("*.jsonl"))
    lines = days[-1].read_bytes().splitlines() if days else []
    last = json.loads(lines[-1]) if lines else {}
    if last and recent(last["time"]):
        detail = f"{len(lines)} rows answered on {days[-1].stem}, last by {last['model_version']}"
        yield Evidence("P1b", "proven", detail)
    else:
        yield Evidence("P1b", "missing", "no request in 30 days", f"{name()} serve")
