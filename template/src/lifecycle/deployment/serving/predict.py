"""POST /predict: a row or a list of rows in, predictions out."""

import logging
from datetime import UTC, datetime
from random import getrandbits
from typing import Any

import orjson
from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from ...extensions import extends
from ...monitoring.prediction_log import Answered
from ...project import Failure
from .schema import Row
from .scorer import Answer, Busy, Served
from .service import Service

MOST_BYTES = 10 * 2**20  # of a request: some ten thousand rows of a wide table
HEADERS = ("X-Request-ID", "X-Assignment-Key")

logger = logging.getLogger(__name__)


class Prediction(BaseModel):
    """The answer to a row; the prediction log knows it by its id."""

    request_id: str
    prediction: Any
    probabilities: dict[str, float] | None


class Predictions(BaseModel):
    """The answers in the order of the rows, and who gave them."""

    model_version: str
    variant: str
    predictions: list[Prediction]


class Refusal(BaseModel):
    """What to mend."""

    detail: str


@extends("routes")
def routes(service: Service) -> APIRouter:
    router = APIRouter()
    refusals: Any = {code: {"model": Refusal} for code in (401, 413, 503)}

    headers = [{"name": n, "in": "header", "schema": {"type": "string"}} for n in HEADERS]

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
        body = await limited(request)
        request_id = request.headers.get("x-request-id") or f"{getrandbits(128):032x}"
        key = request.headers.get("x-assignment-key") or request_id
        variant, served = service.current.choose(key)
        try:
            rows, listed = served.schema.parse(body)
        except ValidationError as error:
            raise RequestValidationError(located(error)) from None
        answer = await scored(service, served, rows)
        ids = [f"{request_id}:{i}" for i in range(len(rows))] if listed else [request_id]
        said = predictions(served, answer, ids)
        service.keep(Answered(datetime.now(UTC), served.version, variant.name, rows, said))
        whole = {"model_version": served.version, "variant": variant.name, "predictions": said}
        return Response(orjson.dumps(whole), media_type="application/json")

    return router


async def limited(request: Request) -> bytes:
    """The body; 413 as soon as it is too long."""
    length = request.headers.get("content-length", "")
    body = bytearray()
    if not length.isdigit() or int(length) <= MOST_BYTES:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MOST_BYTES:
                break
        else:
            return bytes(body)
    raise HTTPException(413, f"send at most {MOST_BYTES // 2**20} MB at once, in several requests")


def located(error: ValidationError) -> list[Any]:
    """What is wrong where, without the input: it may be long, secret, or no JSON."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [{**one, "loc": ("body", *one["loc"])} for one in found]


async def scored(service: Service, served: Served, rows: list[Row]) -> Answer:
    """The model's answer, or the reason why there is none as an HTTP error."""
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


def predictions(served: Served, answer: Answer, ids: list[str]) -> list[dict[str, Any]]:
    """The answer, a row each."""
    if answer.chances is None:
        chances: list[Any] = [None] * len(ids)
    else:
        chances = [dict(zip(served.labels, row, strict=True)) for row in answer.chances.tolist()]
    parts = zip(ids, answer.predictions, chances, strict=True)
    return [{"request_id": i, "prediction": p, "probabilities": c} for i, p, c in parts]
