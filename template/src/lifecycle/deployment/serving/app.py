"""The application: who may ask what, and how it describes itself.

Other modules add routes with a function

    @extends("routes")
    def routes(service: Service) -> APIRouter

Their callers need a key. Open to everybody are /health, /ready, /metrics and /docs: keep them
inside your network if that tells too much.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from inspect import iscoroutinefunction
from typing import Any, cast, get_type_hints

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.requests import HTTPConnection
from fastapi.routing import APIRoute
from fastapi.security import APIKeyHeader
from fastapi_offline import FastAPIOffline
from starlette.routing import BaseRoute, Route

from ...extensions import extensions
from ...governance.keys import KeyRing
from ...monitoring.metrics import Measured
from ...project import name
from .scorer import MOST_WAITING
from .service import Service


class Guard(APIKeyHeader):
    """Lets in who has a key."""

    def __init__(self) -> None:
        super().__init__(name="X-API-Key", description="From `keys add NAME`")
        self.ring = KeyRing()

    async def __call__(self, request: HTTPConnection) -> str:
        """The holder of the key."""
        key = request.headers.get(self.model.name)
        if key is None or (holder := self.ring.holder(key)) is None:
            scheme = {"WWW-Authenticate": self.model.name}
            raise HTTPException(401, "send a valid key as the header X-API-Key", scheme)
        return holder


def build(service: Service) -> FastAPI:
    """The application around a service."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        service.close()

    app = FastAPIOffline(title=name(), redoc_url=None, lifespan=lifespan)
    app.add_middleware(Measured, metrics=service.metrics)
    app.openapi = lambda: described(app, service)  # type: ignore[method-assign]
    guard = Guard()
    for routes in extensions("routes"):
        router = routes(service)
        app.include_router(router, dependencies=[Depends(guard)])
        app.router.routes[:0] = [direct(one, guard) for one in router.routes if is_plain(one)]

    @app.get("/health")
    async def health() -> dict[str, str]:
        """The process lives."""
        return {"status": "ok"}

    @app.get("/ready")
    async def ready(response: Response) -> dict[str, Any]:
        """Whether requests are welcome; `problem` says why a newer model does not answer."""
        busy = service.scorer.waiting > MOST_WAITING
        response.status_code = 503 if busy else 200
        return {"status": "busy" if busy else "ready", **service.state()}

    @app.get("/metrics")
    async def metrics() -> Response:
        """For Prometheus."""
        return Response(service.metrics.page(), media_type="text/plain; version=0.0.4")

    return app


def is_plain(route: BaseRoute) -> bool:
    """Whether an endpoint wants nothing but the request, and makes its own response."""
    if not isinstance(route, APIRoute) or route.dependencies:
        return False
    types = [*get_type_hints(route.endpoint).values()]
    return iscoroutinefunction(route.endpoint) and types == [Request, Response]


def direct(route: APIRoute, guard: Guard) -> Route:
    """A short way to a plain endpoint: FastAPI describes it, but has nothing to work out for it.

    That saves 0.05 ms, a third of what a request costs beside its share of the model's call."""

    async def answer(request: Request) -> Response:
        request.scope["route"] = route  # the metrics want to know
        await guard(request)
        return cast(Response, await route.endpoint(request))

    return Route(route.path, answer, methods=list(route.methods or ()))


def described(app: FastAPI, service: Service) -> dict[str, Any]:
    """The OpenAPI description, with rows as the version that answers now wants them."""
    served = service.current.main
    description = get_openapi(title=app.title, version=served.version, routes=app.routes)
    body, definitions = served.schema.openapi()
    description["paths"]["/predict"]["post"]["requestBody"] = body
    description["components"]["schemas"].update(definitions)
    return description
