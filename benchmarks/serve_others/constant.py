"""What FastAPI alone costs: the same body is validated against the same schema, and the answer is a constant."""

import sys
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from granian import Granian

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


if __name__ == "__main__":
    here, port = Path(__file__).parent, int(sys.argv[1])
    Granian("constant:app", port=port, interface="asgi", working_dir=here, log_enabled=False).serve()
