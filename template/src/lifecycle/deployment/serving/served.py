"""A version that answers requests: its schema, its model and what else belongs to an answer.

Other modules add fields to each prediction, such as an interval or a decision, with a function

    @extends("prediction_fields", precedence=10)
    def decision(model: Model, rows: Sequence[Row], scores: Scores) -> list[Decision]

which returns an instance of a pydantic model for each row. The model's fields join those of the
prediction, in the answer, in the log and in the OpenAPI description. It is called once for all
rows that are scored together, after the model.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any, get_args, get_type_hints

import numpy as np
import orjson
import pandas as pd

from ... import problem
from ...development.defaults import TableEncoder
from ...development.model import Model
from ...extensions import extensions
from ...project import conf
from .request_schema import RequestSchema, Row

SHORT = 0.05  # seconds


@dataclass
class Scores:
    """What a model gives for rows: predictions (n), probabilities (n x labels) for classes, and
    the further fields of each row if there are any."""

    predictions: list[Any]
    probabilities: np.ndarray | None
    fields: list[dict[str, Any]] | None = None

    def part(self, start: int, end: int) -> "Scores":
        """Those of some of the rows."""
        probabilities = None if self.probabilities is None else self.probabilities[start:end]
        fields = None if self.fields is None else self.fields[start:end]
        return Scores(self.predictions[start:end], probabilities, fields)


class Served:
    """A version that is loaded, and has shown that it can score."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.version = model.version
        self.schema = RequestSchema(model.facts, conf().get("id_column"))
        self.labels = [str(label) for label in model.facts["labels"] or []]
        self.fields = extensions("prediction_fields")
        # Pandas takes 0.3 ms to make a table and to give its columns back: not where they suffice.
        own = type(model.features) is TableEncoder
        self.table: Callable[[Any], Any] = dict if own else partial(pd.DataFrame, copy=False)
        self.short = self.rows_within(SHORT)

    def rows_within(self, seconds: float) -> float:
        """How many rows a call of this length may have. It also proves that the model works."""
        few = self.schema.many.validate_json(orjson.dumps(self.model.facts["examples"]))
        many = few * 300
        fixed, more = (min(self.timed(rows) for _ in range(3)) for rows in (few, many))
        return (seconds - fixed) / max(more - fixed, 1e-6) * len(many)

    def timed(self, rows: list[Row]) -> float:
        start = perf_counter()
        self.score([rows])
        return perf_counter() - start

    def score(self, requests: Sequence[list[Row]]) -> list[Scores]:
        """One call of the model for the rows of all requests, divided up again."""
        rows = [row for rows in requests for row in rows]
        looked_up = self.schema.enriched
        table = self.enriched(rows) if looked_up else self.table(self.schema.columns(rows))
        predictions, probabilities = self.model.predict_arrays(table)
        scores = Scores(predictions.tolist(), probabilities)
        if self.fields:
            made = [function(self.model, rows, scores) for function in self.fields]
            scores.fields = [merged(row) for row in zip(*made, strict=True)]
        parts, end = [], 0
        for asked in requests:
            start, end = end, end + len(asked)
            parts.append(scores.part(start, end))
        return parts

    def enriched(self, rows: list[Row]) -> pd.DataFrame:
        """The rows with the columns that extensions look up; the rows keep them for the log."""
        table = self.model.prepare(problem.enrich(pd.DataFrame(rows)))
        found = table[self.schema.enriched].to_dict("records")
        for row, columns in zip(rows, found, strict=True):
            row.update(columns)
        return table

    def field_schemas(self) -> dict[str, Any]:
        """The further fields of a prediction, as JSON schema has them by name."""
        found: dict[str, Any] = {}
        for function in self.fields:
            (one,) = get_args(get_type_hints(function)["return"])
            found |= one.model_json_schema(mode="serialization")["properties"]
        return found


def merged(row: Sequence[Any]) -> dict[str, Any]:
    """The fields of all extensions for a row."""
    return {key: value for one in row for key, value in one.model_dump(mode="json").items()}
