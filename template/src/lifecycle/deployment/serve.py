"""Serve the model over HTTP: typed, guarded by keys, with metrics and a prediction log.

The page /docs shows the routes and lets you try them. A new model is taken over while requests
run; Ctrl-C or SIGTERM ends it after the requests that came before. More than one processor is used
by more than one server behind a load balancer. A call uses one thread, because it scores few rows;
set OMP_NUM_THREADS for another number.

Examples:
    {name} keys add me
    {name} serve
    {name} serve --host 0.0.0.0 --port 80
"""

import os
import socket
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from functools import partial
from typing import Any

from ..extensions import extends
from ..project import Failure, name


def reserve(host: str, port: int) -> socket.socket:
    """A socket that keeps the port for the server; raises Failure if it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.create_server((host, port), family=family) as free:
            port = free.getsockname()[1]
        kept = socket.socket(family)
        if hasattr(socket, "SO_REUSEPORT"):  # the server sets it too, so they may share the port
            kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            kept.bind((host, port))
            return kept
    except (OSError, OverflowError) as error:
        raise Failure(f"cannot listen at {host}:{port} ({error}): choose another --port") from None
    return free


def application(host: str, port: int) -> Any:
    """The application, in the process that serves it."""
    import gc
    import logging
    import threading

    from .serving.app import build
    from .serving.service import Service

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        app = build(Service())
    except Failure as failure:
        print(f"error: {failure}", file=sys.stderr)
        sys.exit(2)
    gc.freeze()  # libraries and model stay: looking through them again costs 0.1 s each time
    gc.set_threshold(50_000)  # requests leave few cycles behind: look for them less often
    for work in (partial(announce, host, port), end_with_parent):
        threading.Thread(target=work, daemon=True).start()
    return app


def announce(host: str, port: int) -> None:
    """Print the address once somebody answers there."""
    from time import sleep

    while True:
        try:
            socket.create_connection((host, port), timeout=1).close()
            break
        except OSError:
            sleep(0.02)
    url = f"http://{host}:{port}"
    print(f"{name()} answers at {url}; try it at {url}/docs", flush=True)


def end_with_parent() -> None:
    """Stop as SIGTERM does if the process that watches over this one was killed."""
    import multiprocessing
    import signal

    if parent := multiprocessing.parent_process():
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


@extends("command")
def command(parser: ArgumentParser) -> Callable[[Namespace], dict[str, Any]]:
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 lets other machines in")
    parser.add_argument("--port", type=int, default=8000, help="0 takes any that is free")
    return run


def run(arguments: Namespace) -> dict[str, Any]:
    from ..governance import keys

    keys.required()
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before a library reads it
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces, Loops
    from granian.http import HTTP1Settings

    with reserve(arguments.host, arguments.port) as reserved:
        port = arguments.port or reserved.getsockname()[1]
        server = Granian(
            "lifecycle",
            address=arguments.host,
            port=port,
            interface=Interfaces.ASGI,
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(header_read_timeout=10_000),
            backlog=2048,
            log_enabled=False,
            loop=Loops.asyncio,
            workers_kill_timeout=30,
        )
        ended = {"url": f"http://{arguments.host}:{port}"}
        try:
            load = partial(application, arguments.host, port)
            server.serve(target_loader=load, wrap_loader=False)
        except SystemExit:  # the process that serves ended by itself, and has printed why
            return {**ended, "exit_code": 2}
    return ended
