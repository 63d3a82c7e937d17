"""A Ray cluster: the one that RAY_ADDRESS names, or the processors of this machine.

The project's code and settings travel with the work; the libraries of uv.lock must be installed on
every node. What a lost node was computing is done again elsewhere, with the same result."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...extensions import yours
from ...project import PACKAGE, Failure, home, pyproject, root

# One thread a task, as compute=local has it: the same numbers wherever they are computed.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "LOKY_MAX_CPU_COUNT")


def prepare(modules: list[str]) -> None:
    """Nothing: a cluster is joined when there is work."""


class Tasks(Executor):
    """A Ray task for each call; what is shared is sent to each node once."""

    def __init__(self, shared: Any, workers: int | None) -> None:
        import ray

        self.first_arguments = () if shared is None else (ray.put(shared),)
        self.tasks: dict[Callable[..., Any], Any] = {}
        self.free = threading.Semaphore(workers) if workers else None

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Waits for a call to end if as many as `workers` are under way."""
        import ray

        if function not in self.tasks:
            self.tasks[function] = ray.remote(num_cpus=1, max_retries=-1)(function)
        if self.free:
            self.free.acquire()
        future: Future[Any] = (
            self.tasks[function].remote(*self.first_arguments, *args, **kwargs).future()
        )
        if free := self.free:
            future.add_done_callback(lambda _: free.release())
        return future


@contextmanager
def executor(shared: Any = None, workers: int | None = None) -> Iterator[Executor]:
    """Join the cluster, with the project's code and settings, and leave it at the end."""
    # Else Ray sees that `uv run` started it, and would send the whole folder, .venv included.
    os.environ["RAY_ENABLE_UV_RUN_RUNTIME_ENV"] = "0"
    import ray

    with tempfile.TemporaryDirectory() as parcel:
        shutil.copytree(root() / "conf", Path(parcel) / "conf")
        described = next(it for it in (root(), home(Path.cwd())) if pyproject(it))
        shutil.copy(described / "pyproject.toml", parcel)
        ignore = shutil.ignore_patterns("__pycache__")
        code = [
            str(shutil.copytree(folder, Path(parcel) / folder.name, ignore=ignore))
            for folder in (PACKAGE, yours()[1])
        ]
        join(parcel, code)
    try:
        yield Tasks(shared, workers)
    finally:
        ray.shutdown()


def join(parcel: str, code: list[str]) -> None:
    """Join the cluster with a folder to work in and packages; raises Failure if there is none."""
    import ray

    address = os.environ.get("RAY_ADDRESS") or "local"
    variables = dict.fromkeys(THREADS, "1") | {"PROJECT_ROOT": "."}
    try:
        reach(address)
        ray.init(
            address,
            include_dashboard=False if address == "local" else None,
            log_to_driver=False,
            logging_level="ERROR",
            runtime_env={"working_dir": parcel, "py_modules": code, "env_vars": variables},
        )
    except (OSError, RuntimeError, ValueError) as error:
        raise Failure(
            f"there is no Ray cluster at {address} ({error}): start it, mend RAY_ADDRESS, or "
            "unset it to use this machine"
        ) from error


def reach(address: str) -> None:
    """Raise OSError within seconds if nobody listens: Ray would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host:
        socket.create_connection((host, int(port)), timeout=4).close()
