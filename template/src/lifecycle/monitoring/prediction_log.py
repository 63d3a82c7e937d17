"""Every prediction with what it was asked: logs/predictions/<day>.jsonl, a line a row.

    format          of the line; what a newer release of the template wrote is refused
    time            when the request came: UTC, ISO
    caller          whose key it was
    assignment_key  what decided on the variant
    model_version   the version that answered
    variant         the name under which it did (see deployment/serving/policies.py)
    status          of HTTP: 200, or the row has no prediction
    seconds         until the request was answered
    request_id      what the caller got with the prediction; outcomes are joined to it
    id              the row's value of the id column, if the caller sent it
    features        what the model was given
    prediction      {"prediction": ..., "probabilities": {...}}, as it was answered

A thread of its own waits for the disk, so that no request does. What cannot be kept (a full disk,
or more than it can write) is counted and dropped. `read` is the one way to read the log.
"""

import queue
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from ..extensions import extends
from ..maturity import Evidence, recent
from ..project import Failure, name, root
from .events import Answered
from .metrics import Metrics

FORMAT = 1
MOST_WAITING = 10_000  # requests; about as many as a disk that hangs for seconds holds up
REQUEST = "request_id"
SHARED = [
    "format",
    "time",
    "caller",
    "assignment_key",
    "model_version",
    "variant",
    "status",
    "seconds",
]
COLUMNS = (*SHARED, REQUEST, "id", "features", "prediction")
OLDEST: dict[str, Any] = dict.fromkeys(COLUMNS) | {"format": 0, "status": 200}  # had no numbers


def folder_path() -> Path:
    """Where the days are."""
    return root() / "logs" / "predictions"


def days() -> list[Path]:
    """The days that are kept, oldest first."""
    return sorted(folder_path().glob("*.jsonl"))


def read(
    since: datetime | None = None, until: datetime | None = None, *, failed: bool = False
) -> Iterator[dict[str, Any]]:
    """The rows of a period, `since` <= time < `until` (UTC), in the order in which they were
    answered; one at a time, so that a log of any size can be read. With `failed`, also the rows
    that got no prediction. Lines that were cut off by a crash are left out.

    Raises Failure for lines that a newer release of the template wrote."""
    import orjson

    first, last = (None if at is None else stamp(at) for at in (since, until))
    for day in days():
        if (first and day.stem < first[:10]) or (last and day.stem > last[:10]):
            continue
        with day.open("rb") as file:
            for line in file:
                try:
                    row = OLDEST | orjson.loads(line)
                except (ValueError, TypeError):
                    continue
                if row["format"] > FORMAT:
                    raise Failure(f"{day} was written by a newer release: update the project first")
                early, late = first and row["time"] < first, last and row["time"] >= last
                if not early and not late and (failed or row["status"] == 200):
                    yield row


def stamp(at: datetime) -> str:
    """A moment as the log writes it: texts of this form are in the order of time."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def lines(event: Answered) -> bytes:
    """The lines of a request: what its rows share, then what differs.

    What they share is made once, which takes a third of the time of a whole line for each row."""
    import orjson

    shared = {
        "format": FORMAT,
        "time": stamp(event.time),
        "caller": event.caller,
        "assignment_key": event.assignment_key,
        "model_version": event.version,
        "variant": event.variant,
        "status": event.status,
        "seconds": round(event.seconds, 6),
    }
    nothing = [None] * len(event.rows)
    parts = zip(event.rows, event.ids or nothing, event.predictions or nothing, strict=True)
    rows = [
        {
            "request_id": prediction["request_id"] if prediction else event.request_id,
            "id": row_id,
            "features": features,
            "prediction": prediction and {k: prediction[k] for k in prediction if k != REQUEST},
        }
        for features, row_id, prediction in parts
    ]
    start = orjson.dumps(shared)[:-1] + b","
    # A line of its own for each row; no value can hold what is replaced, with bare quotes.
    text = orjson.dumps(rows, default=str)[2:-1].replace(b'},{"request_id":', b'}\n{"request_id":')
    return start + text.replace(b'\n{"request_id":', b"\n" + start + b'"request_id":') + b"\n"


Kept = tuple[date, bytes, int]  # a day, lines for it, and how many they are


class PredictionLog:
    """`write` does not wait; the disk gets its lines five times a second."""

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics
        self.waiting: queue.Queue[Kept | None] = queue.Queue(MOST_WAITING)
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.work, name="prediction-log", daemon=True)
        self.thread.start()

    def write(self, event: Answered) -> None:
        """Lines are made here: in the thread it would take turns with the model's calls, and
        later the rows would have left the processor's cache."""
        rows = len(event.rows)
        try:
            self.waiting.put_nowait((event.time.date(), lines(event), rows))
        except Exception:  # a full queue, or whatever it is: the server must go on
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
                self.append(folder_path() / f"{day}.jsonl", list(some))

    def append(self, path: Path, batch: list[Kept]) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab", buffering=0) as file:
                text, start = b"".join(part for _, part, _ in batch), file.tell()
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
    last, rows = None, 0
    for day in days()[-1:]:
        since = datetime.fromisoformat(day.stem).replace(tzinfo=UTC)
        for rows, last in enumerate(read(since), start=1):  # noqa: B007
            pass
    if last and recent(last["time"]):
        detail = f"{rows} rows answered on {last['time'][:10]}, last by {last['model_version']}"
        yield Evidence("P1b", "proven", detail)
    else:
        yield Evidence("P1b", "missing", "no request in 30 days", f"{name()} serve")
