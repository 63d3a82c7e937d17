"""What FastAPI alone costs: the same body is validated against the same schema, and the answer is a constant."""

import sys
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response

from lifecycle.deployment.serving.request_schema import RequestSchema
from lifecycle.development import model

schema = RequestSchema(model.load().facts)
app = FastAPI()
row: Any = schema.one._type


@app.post("/predict")
async def usual(rows: row | list[row]) -> dict[str, Any]:
    """As FastAPI's manual has it."""
    return {"predictions": [0]}


@app.post("/bare")
async def bare(request: Request) -> Response:
    """As our server reads a body: harder to keep up with."""
    schema.parse(await request.body())
    return Response(b'{"predictions":[0]}', media_type="application/json")


uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="warning")
