"""The processors of this machine: processes that use one thread each.

The threads of several processes would fight for the processors; and numbers that threads add up
differ with their count, which must not decide which parameters are best."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
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
# What a worker imports, which takes seconds.
LIBRARIES = ("development.tuning.exam", "problem.features", "problem.model", "problem.metrics")
exam: Exam | None = None  # in a worker


def begin() -> None:
    """Let one process import the libraries while this one reads; the workers are copies of it.

    A copy of this process itself, which has used OpenMP, might hang."""
    if forks():
        from multiprocessing import forkserver

        multiprocessing.set_forkserver_preload([f"lifecycle.{name}" for name in LIBRARIES])
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # it will leave Ctrl-C to this one
        try:
            with one_thread():
                forkserver.ensure_running()
        finally:
            signal.signal(signal.SIGINT, before)


def forks() -> bool:
    """Elsewhere libraries do not bear to be copied, and each worker imports them itself."""
    return sys.platform == "linux"


@contextmanager
def one_thread() -> Iterator[None]:
    """What is started meanwhile uses one thread, unless the user has said another number."""
    before = dict(os.environ)
    os.environ.update({name: before.get(name, "1") for name in THREADS})
    try:
        yield
    finally:
        for name in THREADS:
            os.environ.pop(name)
        os.environ.update(before)


@contextmanager
def crew(exam: Exam, workers: int | None) -> Iterator[tuple[Submit, int]]:
    """Processes that take the folds from one queue, however long it is."""
    import joblib

    context = multiprocessing.get_context("forkserver" if forks() else "spawn")
    workers, given = workers or joblib.cpu_count(), (exam, dict(os.environ))
    with one_thread(), ProcessPoolExecutor(workers, context, start, given) as pool:

        def submit(params: dict[str, Any], fold: int) -> Future[float | str]:
            return pool.submit(work, params, fold)

        try:
            yield submit, sys.maxsize
        finally:
            for child in multiprocessing.active_children():
                child.terminate()
            pool.shutdown(cancel_futures=True)


def start(questions: Exam, environment: dict[str, str]) -> None:
    """In a worker: be quiet on standard output, leave Ctrl-C to the parent, and end with it.

    Where the project is may have been changed since `begin`."""
    global exam
    exam = questions
    os.environ.update(environment)
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

    assert exam is not None
    return score(exam, params, fold)
