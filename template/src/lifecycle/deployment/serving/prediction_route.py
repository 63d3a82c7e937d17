"""POST /predict: a row or a list of rows in, predictions out."""

import logging
from typing import Any

import orjson
from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect

from ...extensions import extends
from ...monitoring.events import Answered
from ...project import Failure
from .middleware import MOST_CHARACTERS
from .request_schema import Row
from .scorer import Busy
from .served import Scores, Served
from .service import Service

MOST_BYTES = 10 * 2**20  # of a request: some ten thousand rows of a wide table
MOST_IGNORED = 10 * MOST_BYTES  # then the connection is closed
HEADERS = ("X-Request-ID", "X-Assignment-Key")

logger = logging.getLogger(__name__)


class Prediction(BaseModel):
    """The prediction for a row; the prediction log knows it by its id."""

    request_id: str
    prediction: Any
    probabilities: dict[str, float] | None


class Predictions(BaseModel):
    """The predictions in the order of the rows, and the version that made them."""

    model_version: str
    variant: str
    predictions: list[Prediction]


class Refusal(BaseModel):
    """What to mend."""

    detail: str


@extends("routes")
def routes(service: Service) -> APIRouter:
    router = APIRouter()
    refusals: Any = {code: {"model": Refusal} for code in (401, 403, 413, 500, 503)}
    text = {"type": "string", "maxLength": MOST_CHARACTERS}
    headers = [{"name": n, "in": "header", "schema": text} for n in HEADERS]

    @router.post(
        "/predict",
        responses={200: {"model": Predictions}, **refusals},
        openapi_extra={"parameters": headers},
    )
    async def predict(request: Request) -> Response:
        """Ask the model about one row, or about a list of rows.

        `X-Request-ID` names the request in the prediction log; the rows of a list are `<id>:0`,
        `<id>:1`, ... Requests with the same `X-Assignment-Key`, a customer for example, are
        answered by the same variant."""
        event: Answered = request.scope["answered"]
        check_headers(event)
        body = await read(request)
        variant, served = service.current.choose(event.assignment_key)
        event.version, event.variant = served.version, variant.name
        try:
            rows, listed = served.schema.parse(body)
        except ValidationError as error:
            raise RequestValidationError(located(error)) from None
        event.rows, event.ids = rows, served.schema.ids(rows)
        scores = await scored(service, served, rows)
        name = event.request_id
        names = [f"{name}:{i}" for i in range(len(rows))] if listed else [name]
        event.predictions = predictions(served, scores, names)
        content = {
            "model_version": served.version,
            "variant": variant.name,
            "predictions": event.predictions,
        }
        return Response(orjson.dumps(content), media_type="application/json")

    return router


def check_headers(event: Answered) -> None:
    """Raises RequestValidationError for a header that is too long: the log repeats both."""
    for header, value in zip(HEADERS, (event.request_id, event.assignment_key), strict=True):
        if len(value) > MOST_CHARACTERS:
            text = f"at most {MOST_CHARACTERS} characters"
            wrong = {"type": "string_too_long", "loc": ("header", header), "msg": text}
            raise RequestValidationError([wrong])


async def read(request: Request) -> bytes:
    """The body; 413 if it is too long, 499 if the caller hangs up.

    What is too long is taken without being kept, so that the caller gets to read the refusal."""
    body, length = bytearray(), 0
    try:
        async for chunk in request.stream():
            length += len(chunk)
            if length <= MOST_BYTES:
                body += chunk
            elif length > MOST_IGNORED:
                break
    except ClientDisconnect:
        raise HTTPException(499, "the caller hung up") from None
    if length <= MOST_BYTES:
        return bytes(body)
    raise HTTPException(413, f"send at most {MOST_BYTES // 2**20} MB at once, in several requests")


def located(error: ValidationError) -> list[Any]:
    """What is wrong where, without the input: it may be long, secret, or no JSON."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [{**one, "loc": ("body", *one["loc"])} for one in found]


async def scored(service: Service, served: Served, rows: list[Row]) -> Scores:
    """What the model gives for the rows, or the reason why there is nothing as an HTTP error."""
    try:
        return await service.scorer.score(served, rows)
    except Busy:
        raise HTTPException(503, "too many rows wait: try again", {"Retry-After": "1"}) from None
    except Failure as failure:
        wrong = {"type": "value_error", "loc": ("body",), "msg": str(failure)}
        raise RequestValidationError([wrong]) from None
    except Exception:
        logger.exception("%s failed", served.version)
        raise HTTPException(500, "the model failed: the server's log says why") from None


def predictions(served: Served, scores: Scores, names: list[str]) -> list[dict[str, Any]]:
    """The predictions of a request, a row each."""
    probabilities: list[Any] = [None] * len(names)
    if scores.probabilities is not None:
        table = scores.probabilities.tolist()
        probabilities = [dict(zip(served.labels, row, strict=True)) for row in table]
    parts = zip(names, scores.predictions, probabilities, strict=True)
    made = [{"request_id": n, "prediction": p, "probabilities": c} for n, p, c in parts]
    for one, fields in zip(made, scores.fields or (), strict=False):
        one.update(fields)
    return made
