"""A Ray cluster: the one that RAY_ADDRESS names, or the processors of this machine.

The project's code and settings travel with the search; the libraries of uv.lock must be installed
on every node. A node that is lost has its folds done again elsewhere, with the same scores."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...extensions import yours
from ...project import PACKAGE, Failure, root

if TYPE_CHECKING:
    from ..tuning.exam import Exam
    from . import Submit

# One thread a task, as compute=local has it: the same numbers wherever they are computed.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "LOKY_MAX_CPU_COUNT")


def begin() -> None:
    """Nothing: a cluster is joined with the exam in hand."""


@contextmanager
def crew(exam: Exam, workers: int | None) -> Iterator[tuple[Submit, int]]:
    """A task for each fold; the table is sent to each node once."""
    # Else Ray sees that `uv run` started it, and would send the whole folder, .venv included.
    os.environ["RAY_ENABLE_UV_RUN_RUNTIME_ENV"] = "0"
    import ray

    from ..tuning.exam import score

    with tempfile.TemporaryDirectory() as parcel:
        shutil.copytree(root() / "conf", Path(parcel) / "conf")
        shutil.copy(root() / "pyproject.toml", parcel)
        code = [
            shutil.copytree(
                folder,
                Path(parcel) / folder.name,
                ignore=shutil.ignore_patterns("__pycache__"),
            )
            for folder in (PACKAGE, yours()[1])
        ]
        variables = dict.fromkeys(THREADS, "1") | {"PROJECT_ROOT": "."}
        address = os.environ.get("RAY_ADDRESS") or "local"
        try:
            reach(address)
            ray.init(
                address,
                include_dashboard=False if address == "local" else None,
                log_to_driver=False,
                logging_level="ERROR",
                runtime_env={"working_dir": parcel, "py_modules": [*map(str, code)]}
                | {"env_vars": variables},
            )
        except (OSError, RuntimeError, ValueError) as error:
            raise Failure(
                f"there is no Ray cluster at {address} ({error}): start it, mend RAY_ADDRESS, or "
                "unset it to use this machine"
            ) from error
    try:
        table, task = ray.put(exam), ray.remote(num_cpus=1, max_retries=-1)(score)

        def submit(params: dict[str, Any], fold: int) -> Future[float | str]:
            result: Future[float | str] = task.remote(table, params, fold).future()
            return result

        yield submit, workers or sys.maxsize
    finally:
        ray.shutdown()


def reach(address: str) -> None:
    """Raise OSError within seconds if nobody listens: Ray would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host:
        socket.create_connection((host, int(port)), timeout=4).close()
