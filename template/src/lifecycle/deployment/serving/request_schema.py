"""What a request must look like: typed from the schema of the model that answers it.

The body is one row, a JSON object, or a list of rows. Every feature must be there, so that a
misspelt one is noticed; null stands for a missing value where the training data had any. The id
column may be there, and names the row in the prediction log. Other fields are ignored: a feature
that only the last version knew, for example. Columns that extensions of `enrich` look up are not
asked for; then all other fields are kept, since a lookup may need them.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import (
    Annotated,
    Any,
    NotRequired,  # pydantic's before Python 3.12
)

import numpy as np
import pandas as pd
from pydantic import AfterValidator, ConfigDict, FailFast, Field, TypeAdapter
from typing_extensions import TypedDict

Row = dict[str, Any]
RowId = str | int | float | None


def naive(value: datetime) -> datetime:
    """Without a time zone, in UTC, and within what nanoseconds can count."""
    if value.tzinfo:
        value = value.astimezone(UTC).replace(tzinfo=None)
    if not 1678 <= value.year <= 2261:
        raise ValueError("the year must lie between 1678 and 2261")
    return value


TYPES: dict[str, Any] = {
    "integer": Annotated[int, Field(ge=-(2**63), lt=2**63)],
    "number": Annotated[float, Field(allow_inf_nan=False)],
    "boolean": bool,
    "string": str,
    "datetime": Annotated[datetime, AfterValidator(naive)],
}


def array(values: Sequence[Any], kind: str) -> Any:
    """A column as Model.prepare makes it."""
    if kind == "datetime":
        return pd.DatetimeIndex(values).as_unit("ns")  # numpy takes ten times as long
    return np.array(values, object if kind == "string" else float)


def field(column: Row) -> Any:
    """The type of a column, described by what the model saw of it."""
    kind = TYPES[column["type"]] | None if column["nullable"] else TYPES[column["type"]]
    if categories := column["categories"]:
        seen = f"Seen in training: {', '.join(map(str, categories))}"
    elif column["minimum"] is not None:
        seen = f"Seen in training: {column['minimum']} to {column['maximum']}"
    else:
        seen = ""
    return Annotated[kind, Field(description=seen or None)]


class RequestSchema:
    """Reads rows as a version wants them."""

    def __init__(self, facts: dict[str, Any], id_column: str | None = None) -> None:
        self.kinds = {column["name"]: column["type"] for column in facts["schema"]}
        names = list(self.kinds)
        self.values = itemgetter(names[0], *names)  # one name alone would not make a tuple
        self.enriched = list(facts.get("enriched") or [])
        asked = [column for column in facts["schema"] if column["name"] not in self.enriched]
        fields = {column["name"]: field(column) for column in asked}
        self.id_column = id_column if id_column not in fields else None
        if self.id_column:
            text = "Names the row in the prediction log"
            fields[self.id_column] = NotRequired[Annotated[RowId, Field(description=text)]]
        row: Any = TypedDict("Row", fields)  # type: ignore[misc]
        if self.enriched:
            row.__pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[attr-defined]
        # One broken row is enough to refuse a request: a thousand would only make a long answer.
        rows: Any = Annotated[list[row], Field(min_length=1), FailFast()]
        self.one: Any = TypeAdapter(row)
        self.many: TypeAdapter[list[Row]] = TypeAdapter(rows)
        self.both: TypeAdapter[Any] = TypeAdapter(row | list[row])
        self.examples = [
            {name: row[name] for name in row if name not in self.enriched}
            for row in facts["examples"]
        ]

    def parse(self, body: bytes) -> tuple[list[Row], bool]:
        """The rows, and whether they came as a list; raises pydantic's ValidationError."""
        if body.lstrip()[:1] == b"[":
            return self.many.validate_json(body), True
        return [self.one.validate_json(body)], False

    def ids(self, rows: Sequence[Row]) -> list[RowId]:
        """The rows' ids, which are taken out of the rows, unless a lookup may need them."""
        if not self.id_column:
            return []
        if self.enriched:
            return [row.get(self.id_column) for row in rows]
        return [row.pop(self.id_column, None) for row in rows]

    def columns(self, rows: Sequence[Row]) -> dict[str, Any]:
        """The rows of all requests that are scored together, as the columns of a table."""
        _, *columns = zip(*map(self.values, rows), strict=True)
        arrays = map(array, columns, self.kinds.values())
        return dict(zip(self.kinds, arrays, strict=True))

    def openapi(self) -> tuple[Row, Row]:
        """The description of the body, and the definitions that it refers to."""
        schema = self.both.json_schema(ref_template="#/components/schemas/{model}")
        definitions = schema.pop("$defs", {})
        examples = {
            "one row": {"value": self.examples[0]},
            "several rows": {"value": self.examples},
        }
        content = {"application/json": {"schema": schema, "examples": examples}}
        return {"required": True, "content": content}, definitions
