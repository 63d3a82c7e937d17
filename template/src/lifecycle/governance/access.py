"""Who calls the server, and what they may ask for.

The server asks two kinds of functions before each request to any route, /docs and /metrics
included:

    @extends("authenticate", precedence=10)
    def authenticate(request: HTTPConnection) -> Caller | None

says who calls, or None if it does not know; the first one that knows counts.

    @extends("authorize", precedence=10)
    def authorize(caller: Caller | None, route: str) -> bool | None

says whether this caller (None is anybody) may use a route, or None for no opinion; the first
opinion counts. `route` is its path as it was declared, such as "/items/{id}", or "other" for a path
that does not exist. Either may raise fastapi's HTTPException to answer in its own words. They run
on the event loop, so they must not wait: read files and ask other services in a thread.
"""

from dataclasses import dataclass

from ..extensions import extends

PREDICTOR = "predictor"  # the role of whoever has none by name
DOCUMENTATION = ("/docs", "/docs/oauth2-redirect", "/openapi.json", "/static-offline-docs")
OPEN = {"/health", "/ready", "/metrics", *DOCUMENTATION}


@dataclass(frozen=True)
class Caller:
    """Somebody who is known, by a name and with roles."""

    name: str
    roles: frozenset[str] = frozenset({PREDICTOR})


@extends("authorize")
def authorize(caller: Caller | None, route: str) -> bool:
    """Open routes are for everybody, the others for every caller who may ask for predictions."""
    return route in OPEN or (caller is not None and PREDICTOR in caller.roles)
