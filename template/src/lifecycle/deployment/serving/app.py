"""The application: its routes, and how it describes itself.

Other modules add routes with a function

    @extends("routes")
    def routes(service: Service) -> APIRouter

and change the OpenAPI description, to add a security scheme for example, with a function

    @extends("openapi")
    def openapi(description: dict[str, Any]) -> None

Who may use a route is decided in `governance.access`. Open to everybody are /health, /ready,
/metrics and /docs: keep them inside your network if they show too much.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from inspect import iscoroutinefunction
from typing import Any, cast, get_type_hints

from fastapi import FastAPI, Request, Response, Security
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from fastapi.security import APIKeyHeader
from fastapi_offline import FastAPIOffline
from starlette.routing import BaseRoute, Route

from ...extensions import extensions
from ...project import name
from .middleware import Routes, surrounded
from .scorer import MOST_WAITING
from .service import Service

# Described here, checked by the guard around the routes.
KEY = APIKeyHeader(name="X-API-Key", description="From `keys add NAME`", auto_error=False)


def build(service: Service) -> FastAPI:
    """The application around a service."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        service.close()

    app = FastAPIOffline(title=name(), redoc_url=None, lifespan=lifespan)
    app.openapi = lambda: described(app, service)  # type: ignore[method-assign]
    add_status(app, service)
    known = list(app.router.routes)
    for routes in extensions("routes"):
        router = routes(service)
        app.include_router(router, dependencies=[Security(KEY)])
        app.router.routes[:0] = [direct(one) for one in router.routes if is_plain(one)]
        known += router.routes
    app.add_middleware(surrounded, service=service, routes=Routes(known))
    return app


def add_status(app: FastAPI, service: Service) -> None:
    """The routes for those who run the server."""

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

    @app.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """For Prometheus."""
        return Response(service.metrics.page(), media_type="text/plain; version=0.0.4")


def is_plain(route: BaseRoute) -> bool:
    """Whether an endpoint wants nothing but the request, and makes its own response."""
    if not isinstance(route, APIRoute) or route.dependencies:
        return False
    types = [*get_type_hints(route.endpoint).values()]
    return iscoroutinefunction(route.endpoint) and types == [Request, Response]


def direct(route: APIRoute) -> Route:
    """A short way to a plain endpoint: FastAPI describes it, but has nothing to work out for it.

    That saves a quarter of the processor time of a request of one row at 32 connections: 0.27 ms
    instead of 0.37, with its share of the model's call."""

    async def endpoint(request: Request) -> Response:
        return cast(Response, await route.endpoint(request))

    return Route(route.path, endpoint, methods=list(route.methods or ()))


def described(app: FastAPI, service: Service) -> dict[str, Any]:
    """The OpenAPI description, with rows as the version that answers now wants them."""
    served = service.current.main
    description = get_openapi(title=app.title, version=served.version, routes=app.routes)
    body, definitions = served.schema.openapi()
    description["paths"]["/predict"]["post"]["requestBody"] = body
    schemas = description["components"]["schemas"]
    schemas.update(definitions)
    schemas["Prediction"]["properties"].update(served.field_schemas())
    for change in extensions("openapi"):
        change(description)
    return description
