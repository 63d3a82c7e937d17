"""The processors of this machine: processes that use one thread each.

The threads of several processes would compete for the processors; and numbers that threads add up
differ with their count, which must not decide which parameters are best."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

# OpenMP; OpenBLAS; and what scikit-learn, joblib and LightGBM count as processors.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "LOKY_MAX_CPU_COUNT")
first_arguments: tuple[Any, ...] = ()  # in a worker: what is shared


def prepare(modules: list[str]) -> None:
    """Let one process import the modules while this one reads; the workers are forks of it.

    A fork of this process itself, which has used OpenMP, might hang."""
    if forks():
        from multiprocessing import forkserver

        multiprocessing.set_forkserver_preload(modules)
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # it leaves Ctrl-C to this process
        try:
            with one_thread():
                forkserver.ensure_running()
        finally:
            signal.signal(signal.SIGINT, before)


def forks() -> bool:
    """Elsewhere libraries may crash in a forked process, and each worker imports them itself."""
    return sys.platform == "linux"


@contextmanager
def one_thread() -> Iterator[None]:
    """What is started meanwhile uses one thread, unless the user set another number."""
    before = dict(os.environ)
    os.environ.update({name: before.get(name, "1") for name in THREADS})
    try:
        yield
    finally:
        for name in THREADS:
            os.environ.pop(name)
        os.environ.update(before)


class Processes(Executor):
    """A process pool whose workers hold what is shared."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self.pool = pool

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return self.pool.submit(call, function, args, kwargs)


@contextmanager
def executor(shared: Any = None, workers: int | None = None) -> Iterator[Executor]:
    """Processes that take the calls from one queue, however long it is."""
    import joblib

    context = multiprocessing.get_context("forkserver" if forks() else "spawn")
    given = (() if shared is None else (shared,), dict(os.environ))
    with (
        one_thread(),
        ProcessPoolExecutor(workers or joblib.cpu_count(), context, start, given) as pool,
    ):
        try:
            yield Processes(pool)
        finally:
            for child in multiprocessing.active_children():
                child.terminate()
            pool.shutdown(cancel_futures=True)


def start(shared: tuple[Any, ...], environment: dict[str, str]) -> None:
    """In a worker: be quiet on standard output, leave Ctrl-C to the parent, and end with it.

    Where the project is may have been changed since `prepare`."""
    global first_arguments
    first_arguments = shared
    os.environ.update(environment)
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()


def end_with_parent() -> None:
    """A parent that was killed can't stop its workers."""
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)


def call(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """In a worker: the call with what is shared."""
    return function(*first_arguments, *args, **kwargs)
