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

import contextlib
import gc
import os
import socket
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import Any

from ..extensions import extends
from ..project import Failure, name


def listen(host: str, port: int) -> socket.socket:
    """A socket that is open for requests; raises Failure if it cannot be had."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        raise Failure(f"cannot listen at {host}:{port} ({error}): choose another --port") from None


@extends("command")
def command(parser: ArgumentParser) -> Callable[[Namespace], dict[str, Any]]:
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 lets other machines in")
    parser.add_argument("--port", type=int, default=8000, help="0 takes any that is free")
    return run


def run(arguments: Namespace) -> dict[str, Any]:
    from ..governance import keys

    keys.required()
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before a library reads it
    import logging

    import uvicorn

    from .serving.app import build
    from .serving.service import Service

    with listen(arguments.host, arguments.port) as opened:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
        app = build(Service())
        gc.freeze()  # libraries and model stay: looking through them again costs 0.1 s each time
        gc.set_threshold(50_000)  # requests leave few cycles behind: look for them less often
        url = f"http://{arguments.host}:{opened.getsockname()[1]}"
        print(f"{name()} answers at {url}; try it at {url}/docs", flush=True)
        settings = uvicorn.Config(
            app,
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=30,
        )
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(settings).run(sockets=[opened])
    return {"url": url}
