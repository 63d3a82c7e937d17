"""The processors of this machine: processes that use one thread each.

The threads of several processes would fight for the processors; and numbers that threads add up
differ with their count, which must not decide which parameters are best."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..tuning.exam import Exam
    from . import Submit

# OpenMP; OpenBLAS; and what scikit-learn, joblib and LightGBM count as processors.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "LOKY_MAX_CPU_COUNT")
given: Exam | None = None  # in a worker


@contextmanager
def crew(exam: Exam, workers: int | None) -> Iterator[tuple[Submit, int]]:
    """New processes, for a fork of one that has used OpenMP may hang."""
    import joblib

    workers, before = workers or joblib.cpu_count(), dict(os.environ)
    spawn = multiprocessing.get_context("spawn")
    os.environ.update({name: before.get(name, "1") for name in THREADS})
    pool = ProcessPoolExecutor(workers, spawn, initializer=start, initargs=(exam,))

    def submit(params: dict[str, Any], fold: int) -> Future[float | str]:
        return pool.submit(work, params, fold)

    try:
        yield submit, workers
    finally:
        for child in multiprocessing.active_children():
            child.terminate()
        pool.shutdown(cancel_futures=True)
        for name in THREADS:
            os.environ.pop(name)
        os.environ.update(before)


def start(exam: Exam) -> None:
    """In a worker: be quiet on standard output, leave Ctrl-C to the parent, and end with it."""
    global given
    given = exam
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=follow, daemon=True).start()


def follow() -> None:
    """A parent that was killed can't tell its workers to stop."""
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)


def work(params: dict[str, Any], fold: int) -> float | str:
    from ..tuning.exam import score

    assert given is not None
    return score(given, params, fold)
