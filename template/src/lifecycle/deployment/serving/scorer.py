"""Scores together what waits together.

A call of a model takes milliseconds however few its rows, so the rows that arrive during one call
are answered by the next one. There is no timer: whoever comes alone is scored at once. The server
hands requests over from a thread of its own, so the loop lets that thread work before it scores:
at 32 connections of one row, 25 rows to a call instead of 14, and a fifth less processor time.

Short calls are made on the event loop itself. In a thread they would take turns with the loop, and
Python gives each turn up to five milliseconds: measured at 32 connections, that costs a quarter
of the rate.
Calls that last longer do go to a thread, so that /health and new requests are not held up.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter, sleep

from ...monitoring.metrics import Metrics
from .request_schema import Row
from .served import Scores, Served

MOST_WAITING = 100_000  # beyond that, refuse: an answer that comes too late helps nobody
MOST_ROWS = 10_000  # in a long call


class Busy(Exception):
    """More rows wait than can be answered in a reasonable time."""


@dataclass
class Job:
    """Rows that wait for their scores."""

    served: Served
    rows: list[Row]
    scores: asyncio.Future[Scores]


class Scorer:
    """Calls the models; any number of requests may await `score`."""

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics
        self.thread = ThreadPoolExecutor(1, "scorer")
        self.jobs: list[Job] = []
        self.waiting = 0
        self.working = False

    async def score(self, served: Served, rows: list[Row]) -> Scores:
        """The scores for the rows of a request; raises what the model raises for them."""
        if self.waiting > MOST_WAITING:
            raise Busy
        loop = asyncio.get_running_loop()
        job = Job(served, rows, loop.create_future())
        self.jobs.append(job)
        self.waiting += len(rows)
        if not self.working:
            self.working = True
            loop.call_soon(self.start, loop, 0)
        return await job.scores

    def start(self, loop: asyncio.AbstractEventLoop, known: int) -> None:
        """Once a turn of the loop brings no new job, score those that wait for the same model."""
        if len(self.jobs) > known:
            sleep(0)  # releases Python's lock for the server's thread
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
        results: list[Scores | Exception],
        seconds: float,
    ) -> None:
        """Back on the loop: wake the requests, then score what came meanwhile."""
        self.metrics.batch.observe(rows)
        self.metrics.calls.observe(seconds)
        for job, result in zip(batch, results, strict=True):
            if job.scores.done():  # the caller has hung up
                continue
            if isinstance(result, Exception):
                job.scores.set_exception(result)
            else:
                job.scores.set_result(result)
        self.working = bool(self.jobs)
        if self.working:
            loop.call_soon(self.start, loop, 0)


def work(batch: list[Job]) -> tuple[list[Scores | Exception], float]:
    """Score a batch; if that fails, each request alone, so that one cannot spoil the others."""
    start = perf_counter()
    results: list[Scores | Exception] = []
    try:
        results.extend(batch[0].served.score([job.rows for job in batch]))
    except Exception as error:
        for job in batch if len(batch) > 1 else ():
            results.extend(work([job])[0])
        results = results or [error]
    return results, perf_counter() - start
