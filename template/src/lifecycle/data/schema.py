"""What a good row looks like: conf/schema.yaml, inferred once and then owned by people.

Pandera checks it. Its own YAML lists no categories and takes six lines a column, so the file has a
shorter form, from which the Pandera schema is built."""

import math
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from .. import project
from ..configuration import Settings, parse

if TYPE_CHECKING:
    from pandas import DataFrame, Series
    from pandera.pandas import DataFrameSchema

# What UTF-8 read as Windows-1252 looks like, and bytes that are no character.
BROKEN = "[\ufffd\x80-\x9f]|Ã[\x80-\xbf]|â€"
HEADER = """\
# What a good row looks like. `{name} validate` wrote it from {rows} rows on {day}; it is yours now.
# Look at each line, change what you know better, and commit it. `--renew` writes it anew.
#
# type            boolean, integer, number, date or text
# nullable        the value may be missing (it was)
# unique          no value comes twice
# minimum         and maximum: what was seen, and as much again as the seen range on either side; a
#                 column without negative numbers stays without
# past            no date lies in the future
# values          no others; listed where there were at most 50 and each was seen more than once
# copies_target   true lets a column pass that nearly equals the target
#
# Columns that conf/data.yaml ignores are not looked at.

# The share of bad rows that is set aside while the others go on; more stop the pipeline.
tolerance: {tolerance}
# No row is a copy of another.
unique_rows: {unique_rows}
"""


class Column(Settings):
    """What is asked of a column: a line of `columns` in conf/schema.yaml."""

    type: Literal["boolean", "integer", "number", "date", "text"]
    nullable: bool = False
    unique: bool = False
    minimum: float | int | date | str | None = None
    maximum: float | int | date | str | None = None
    past: bool = False
    values: list[Any] | None = None
    copies_target: bool = False


class Schema(Settings):
    """conf/schema.yaml; it has no columns before the first validation."""

    tolerance: float = Field(0, ge=0, lt=1)
    unique_rows: bool = False
    columns: dict[str, Any] = {}  # noqa: RUF012


def schema_path() -> Path:
    """Where the schema is kept."""
    return project.root() / "conf" / "schema.yaml"


def read() -> tuple[Schema, dict[str, Column]]:
    """The schema of this project and its columns; raises Failure, naming the key, for a mistake."""
    place, path = "conf/schema.yaml", schema_path()
    found = parse(Schema, project.read_yaml(path) if path.is_file() else {}, place)
    columns = found.columns.items()
    return found, {name: parse(Column, it, f"{place}: column {name}") for name, it in columns}


def write(frame: "DataFrame", tolerance: float) -> None:
    """Infer the rules from a table and keep them."""
    import yaml

    ignored = project.conf().get("ignore") or []
    columns = {str(name): infer(frame[name]) for name in frame if name not in ignored}
    text = HEADER.format(
        name=project.name(),
        rows=len(frame),
        day=f"{datetime.now(UTC):%Y-%m-%d}",
        tolerance=tolerance,
        unique_rows=str(not frame.duplicated().any()).lower(),
    )
    text += yaml.safe_dump(
        {"columns": columns}, default_flow_style=None, sort_keys=False, allow_unicode=True, width=96
    )
    project.write_atomically(schema_path(), text)


def infer(values: "Series") -> dict[str, Any]:
    """What the column's values have in common; see HEADER for how far it is trusted.

    A new value has a probability of about (values seen once) / (rows), by Good (1953),
    "The population frequencies of species"; so a list without such values is taken as complete."""
    known = values.dropna()
    kinds = {"b": "boolean", "i": "integer", "u": "integer", "f": "number", "M": "date"}
    kind = kinds.get(values.dtype.kind, "text")
    if kind == "text" and len(known) and known.map(type).eq(bool).all():
        kind = "boolean"
    spec: dict[str, Any] = {"type": kind}
    if len(known) < len(values):
        spec["nullable"] = True
    if values.name == project.conf().get("id_column") and known.is_unique:
        spec["unique"] = True
    if kind in ("integer", "number") and len(known) and "unique" not in spec:
        spec["minimum"], spec["maximum"] = bounds(float(known.min()), float(known.max()), kind)
    elif kind == "date" and len(known) and known.max() <= tomorrow():
        spec["past"] = True
    elif kind == "text" and known.nunique() <= 50 and known.value_counts().min() > 1:
        spec["values"] = sorted(known.unique())
    return spec


def bounds(low: float, high: float, kind: str) -> tuple[float, float]:
    """The range with as much again on either side, rounded outwards to a tenth of its size."""
    span = high - low or abs(high) or 1.0
    step = 10.0 ** math.floor(math.log10(span) - 1)
    lower = 0.0 if low >= 0 else math.floor((low - span) / step) * step
    upper = 0.0 if high <= 0 else math.ceil((high + span) / step) * step
    digits = max(0, -math.floor(math.log10(step)))
    rounded = round(lower, digits), round(upper, digits)
    return (math.floor(rounded[0]), math.ceil(rounded[1])) if kind == "integer" else rounded


def tomorrow() -> datetime:
    """The latest time that is not the future in any zone, in UTC and without a zone."""
    return datetime.now(UTC).replace(tzinfo=None) + timedelta(days=1)


def as_type(values: "Series", kind: str) -> "Series":
    """The column in a type of the schema; what does not fit becomes missing."""
    import pandas as pd

    seen, words = values.dtype.kind, values.dtype == object or values.dtype == "string"
    if kind in ("integer", "number") and (seen in "iuf" or words):
        return pd.to_numeric(values.where(~values.map(type).eq(bool)), errors="coerce")
    if kind == "date" and (seen == "M" or words):
        moments = pd.to_datetime(values, errors="coerce", format="mixed", utc=True)
        return moments.dt.tz_localize(None)
    if kind == "boolean" and (seen == "b" or words):
        truths = {"true": True, "false": False}
        return values if seen == "b" else values.astype(str).str.lower().map(truths)
    if kind == "text" and words:
        return values
    return pd.Series(None, index=values.index, dtype=object)


def checks(columns: dict[str, Column]) -> "DataFrameSchema":
    """Pandera's schema of columns that have their type; a check is named by what it finds."""
    import pandera.pandas as pa

    return pa.DataFrameSchema({name: pandera_column(column) for name, column in columns.items()})


def pandera_column(column: Column) -> Any:
    import pandas as pd
    import pandera.pandas as pa

    bound: Any = pd.Timestamp if column.type == "date" else float
    made = []
    if column.type == "integer":
        made.append(pa.Check(lambda values: values % 1 == 0, error="no whole number"))
    if column.minimum is not None:
        made.append(pa.Check.ge(bound(column.minimum), error=f"below {column.minimum}"))
    if column.maximum is not None:
        made.append(pa.Check.le(bound(column.maximum), error=f"above {column.maximum}"))
    if column.past:
        made.append(pa.Check.le(tomorrow(), error="in the future"))
    if column.values is not None:
        made.append(pa.Check.isin(column.values, error="unknown value"))
    if column.type == "text":
        readable = pa.Check(
            lambda values: ~values.astype(str).str.contains(BROKEN),
            error="broken characters (is the file in another encoding?)",
        )
        made.append(readable)
    return pa.Column(
        checks=made,
        nullable=column.nullable,
        unique=column.unique,
        report_duplicates="exclude_first",
    )
