"""Every answer with what it was asked: logs/predictions/<day>.jsonl, a line a row.

    request_id      what the caller got with the answer; outcomes are joined to it
    time            UTC, ISO
    model_version   the version that answered
    variant         the name under which it did (see deployment/serving/policies.py)
    features        what the model was given
    prediction      {"prediction": ..., "probabilities": {...}}, as it was answered

A thread of its own waits for the disk, so that no request does. What cannot be kept (a full disk,
or more than it can write) is counted and dropped.
"""

import json
import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from ..extensions import extends
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
        import orjson

        time = self.time.isoformat(timespec="milliseconds")
        rows = [
            {
                "request_id": answer["request_id"],
                "time": time,
                "model_version": self.version,
                "variant": self.variant,
                "features": features,
                "prediction": {
                    "prediction": answer["prediction"],
                    "probabilities": answer["probabilities"],
                },
            }
            for features, answer in zip(self.rows, self.predictions, strict=True)
        ]
        # A line of its own for each row; no value can hold what is replaced, with bare quotes.
        return orjson.dumps(rows)[1:-1].replace(b'},{"request_id":', b'}\n{"request_id":') + b"\n"


Kept = tuple[date, bytes, int]  # a day, lines for it, and how many they are


class PredictionLog:
    """`write` does not wait; the disk gets its lines five times a second."""

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics
        self.waiting: queue.Queue[Kept | None] = queue.Queue(MOST_WAITING)
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.work, name="prediction-log", daemon=True)
        self.thread.start()

    def write(self, answered: Answered) -> None:
        """Lines are made here: in the thread it would take turns with the model's calls, and
        later the rows would have left the processor's cache."""
        rows = len(answered.rows)
        try:
            self.waiting.put_nowait((answered.time.date(), answered.lines(), rows))
        except Exception:  # a full queue, or whatever it is: the answer must go out
            self.metrics.log_lost.inc(rows)

    def work(self) -> None:
        """Keep what came in a fifth of a second together, until None comes."""
        batch: list[Kept | None] = []
        while None not in batch:
            batch = [self.waiting.get()]
            self.stopping.wait(0.2)
            while not self.waiting.empty():
                batch.append(self.waiting.get())
            for day, some in groupby(filter(None, batch), key=itemgetter(0)):
                self.append(folder() / f"{day}.jsonl", list(some))

    def append(self, path: Path, batch: list[Kept]) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab", buffering=0) as file:
                text, start = b"".join(lines for _, lines, _ in batch), file.tell()
                if file.write(text) != len(text):
                    file.truncate(start)  # half a line would spoil the next one
                    raise OSError("the disk is full")
        except Exception:  # whatever it is, the answers went out and the next ones must too
            self.metrics.log_lost.inc(sum(rows for _, _, rows in batch))

    def close(self) -> None:
        """Write what is left."""
        self.stopping.set()
        self.waiting.put(None)
        self.thread.join(timeout=10)


@extends("evidence")
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
