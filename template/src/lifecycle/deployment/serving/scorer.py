"""Scores together what waits together.

A call of a model takes milliseconds however few its rows, so the rows that arrive during one call
are answered by the next one. There is no timer: whoever comes alone is scored at once.

Short calls are made on the event loop itself. In a thread they would take turns with the loop, and
Python gives each turn up to five milliseconds: measured at 32 connections, that costs a quarter
of the rate.
Calls that last longer do go to a thread, so that /health and new requests are not held up.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from ...development.defaults import TableEncoder
from ...development.model import Model
from ...monitoring.metrics import Metrics
from .schema import Row, Schema

MOST_WAITING = 100_000  # beyond that, refuse: an answer that comes too late helps nobody
MOST_ROWS = 10_000  # in a long call
SHORT = 0.05  # seconds


class Busy(Exception):
    """More rows wait than can be answered in a reasonable time."""


@dataclass
class Answer:
    """What a model says: a prediction a row and, for classes, their probabilities."""

    predictions: list[Any]
    chances: np.ndarray | None


class Served:
    """A version that is loaded, and has shown that it can score."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.version = model.version
        self.schema = Schema(model.facts)
        self.labels = [str(label) for label in model.facts["labels"] or []]
        # Pandas takes 0.3 ms to make a table and to give its columns back: not where they suffice.
        own = type(model.features) is TableEncoder
        self.table: Callable[[Any], Any] = dict if own else partial(pd.DataFrame, copy=False)
        self.short = self.rows_within(SHORT)

    def rows_within(self, seconds: float) -> float:
        """How many rows a call of this length may have. It also proves that the model works."""
        few = pd.DataFrame(self.model.facts["examples"])
        many = pd.concat([few] * 300)
        fixed, more = (min(self.timed(frame) for _ in range(3)) for frame in (few, many))
        return (seconds - fixed) / max(more - fixed, 1e-6) * len(many)

    def timed(self, frame: pd.DataFrame) -> float:
        start = perf_counter()
        self.model.predict(frame)
        return perf_counter() - start

    def score(self, requests: Sequence[list[Row]]) -> list[Answer]:
        """One call of the model for the rows of all requests, divided up again."""
        columns = self.schema.columns([row for rows in requests for row in rows])
        said, chances = self.model.answer(self.table(columns))
        predictions = said.tolist()
        answers, end = [], 0
        for rows in requests:
            start, end = end, end + len(rows)
            some = None if chances is None else chances[start:end]
            answers.append(Answer(predictions[start:end], some))
        return answers


@dataclass
class Job:
    """Rows that wait for their answer."""

    served: Served
    rows: list[Row]
    answer: asyncio.Future[Answer]


class Scorer:
    """Calls the models; any number of requests may await `score`."""

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics
        self.thread = ThreadPoolExecutor(1, "scorer")
        self.jobs: list[Job] = []
        self.waiting = 0
        self.working = False

    async def score(self, served: Served, rows: list[Row]) -> Answer:
        """The answer to the rows of a request; raises what the model raises for them."""
        if self.waiting > MOST_WAITING:
            raise Busy
        loop = asyncio.get_running_loop()
        job = Job(served, rows, loop.create_future())
        self.jobs.append(job)
        self.waiting += len(rows)
        if not self.working:
            self.working = True
            loop.call_soon(self.start, loop, 0)
        return await job.answer

    def start(self, loop: asyncio.AbstractEventLoop, known: int) -> None:
        """Once a turn of the loop brings no new job, score those that wait for the same model."""
        if len(self.jobs) > known:
            loop.call_soon(self.start, loop, len(self.jobs))
            return
        batch = self.take()
        served, rows = batch[0].served, sum(len(job.rows) for job in batch)
        self.waiting -= rows
        if rows <= served.short:
            self.finish(loop, batch, rows, *work(batch))
        else:
            call = loop.run_in_executor(self.thread, work, batch)
            call.add_done_callback(lambda done: self.finish(loop, batch, rows, *done.result()))

    def take(self) -> list[Job]:
        """The first jobs in the queue that fit into a short call; or into a long one, if the very
        first does not."""
        served, rows, taken = self.jobs[0].served, 0, 0
        most = served.short if len(self.jobs[0].rows) <= served.short else MOST_ROWS
        for job in self.jobs:
            rows += len(job.rows)
            if taken and (job.served is not served or rows > most):
                break
            taken += 1
        batch, self.jobs = self.jobs[:taken], self.jobs[taken:]
        return batch

    def finish(
        self,
        loop: asyncio.AbstractEventLoop,
        batch: list[Job],
        rows: int,
        answers: list[Answer | Exception],
        seconds: float,
    ) -> None:
        """Back on the loop: wake the requests, then score what came meanwhile."""
        self.metrics.batch.observe(rows)
        self.metrics.calls.observe(seconds)
        for job, answer in zip(batch, answers, strict=True):
            if job.answer.done():  # the caller has hung up
                continue
            if isinstance(answer, Exception):
                job.answer.set_exception(answer)
            else:
                job.answer.set_result(answer)
        self.working = bool(self.jobs)
        if self.working:
            loop.call_soon(self.start, loop, 0)


def work(batch: list[Job]) -> tuple[list[Answer | Exception], float]:
    """Score a batch; if that fails, each request alone, so that one cannot spoil the others."""
    start = perf_counter()
    answers: list[Answer | Exception] = []
    try:
        answers.extend(batch[0].served.score([job.rows for job in batch]))
    except Exception as error:
        for job in batch if len(batch) > 1 else ():
            answers.extend(work([job])[0])
        answers = answers or [error]
    return answers, perf_counter() - start
