"""What lies around every route: the request is observed, and must be let in.

Other modules add a layer of their own with a function

    @extends("middleware", precedence=10)
    def middleware(app: ASGIApp, service: Service) -> ASGIApp

which returns an ASGI application around `app`; the highest precedence is the outermost. A layer
sees a request before its caller is asked for, and /metrics counts what a layer answers itself.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from random import getrandbits
from time import perf_counter
from typing import Any

from fastapi import HTTPException
from fastapi.requests import HTTPConnection
from fastapi.responses import JSONResponse
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from ...extensions import extensions
from ...governance.access import Caller
from ...monitoring.events import Answered
from .service import Service

MOST_CHARACTERS = 128  # of a request's id and of an assignment key


class Routes:
    """Finds the route of a request, by its path alone."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        known = list(routes)
        self.plain = {r.path for r in known if isinstance(r, Route) and "{" not in r.path}
        self.others = [r for r in known if getattr(r, "path", None) not in self.plain]

    def of(self, scope: Scope) -> str:
        """The path of the route as it was declared; "other" if there is none."""
        if scope["path"] in self.plain:
            return str(scope["path"])
        for route in self.others:
            match, child = route.matches(scope)
            if match is not Match.NONE:
                declared = getattr(child.get("route", route), "path", "other")
                return str(getattr(route, "path", declared))
        return "other"


class Observed:
    """Makes the event of a request, and gives it to the service when the request is over."""

    def __init__(self, app: ASGIApp, service: Service, routes: Routes) -> None:
        self.app, self.service, self.routes = app, service, routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        start, headers = perf_counter(), dict(scope["headers"])
        request_id, key = (
            headers.get(name, b"").decode("latin-1")[: MOST_CHARACTERS + 1]
            for name in (b"x-request-id", b"x-assignment-key")
        )
        event = Answered(datetime.now(UTC), route=self.routes.of(scope), status=500)
        event.request_id = request_id or f"{getrandbits(128):032x}"
        event.assignment_key = key or event.request_id
        scope["answered"] = event

        async def observed(message: Message) -> None:
            event.status = message.get("status", event.status)
            await send(message)

        try:
            await self.app(scope, receive, observed)
        finally:
            event.seconds = perf_counter() - start
            self.service.answered(event)


class Guard:
    """Lets in whom the extensions of `authenticate` and `authorize` let in."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.authenticate = extensions("authenticate")
        self.authorize = extensions("authorize")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        event: Answered = scope["answered"]
        try:
            caller = first(self.authenticate, HTTPConnection(scope))
            event.caller = caller.name if caller else ""
            self.admit(caller, event.route)
        except HTTPException as refused:
            content = {"detail": refused.detail}
            answer: Any = JSONResponse(content, refused.status_code, refused.headers)
            if scope["type"] == "websocket":
                answer = WebSocketClose(1008, str(refused.detail))
            return await answer(scope, receive, send)
        scope["caller"] = caller
        await self.app(scope, receive, send)

    def admit(self, caller: Caller | None, route: str) -> None:
        """Raises HTTPException unless the first opinion lets the caller in."""
        if first(self.authorize, caller, route):
            return
        if caller is None:
            scheme = {"WWW-Authenticate": "X-API-Key"}
            raise HTTPException(401, "send a valid key as the header X-API-Key", scheme)
        raise HTTPException(403, f"{caller.name} may not use {route}")


def first(functions: list[Any], *arguments: Any) -> Any:
    """The first result that is not None."""
    found = (function(*arguments) for function in functions)
    return next((result for result in found if result is not None), None)


def surrounded(app: ASGIApp, service: Service, routes: Routes) -> ASGIApp:
    """The application with its guard, the layers of other modules, and the observer."""
    app = Guard(app)
    for layer in reversed(extensions("middleware")):
        app = layer(app, service)
    return Observed(app, service, routes)
