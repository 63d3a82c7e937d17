"""What a good row looks like: conf/schema.yaml, inferred once and then owned by people.

Pandera checks it. Its own YAML lists no categories and takes six lines a column, so the file has a
shorter form, from which the Pandera schema is built."""

import difflib
import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import project
from ..project import Failure

if TYPE_CHECKING:
    from pandas import DataFrame, Series
    from pandera.pandas import DataFrameSchema

TYPES = ("boolean", "integer", "number", "date", "text")
KEYS = ("type", "nullable", "unique", "minimum", "maximum", "past", "values", "copies_target")
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
# copies_target   true lets a column pass that nearly tells the target
#
# Columns that conf/data.yaml ignores are not looked at.

# The share of bad rows that is set aside while the others go on; more stop the pipeline.
tolerance: {tolerance}
# No row is a copy of another.
unique_rows: {unique_rows}
"""


def path() -> Path:
    """Where the schema is kept."""
    return project.root() / "conf" / "schema.yaml"


@dataclass
class Rules:
    """The content of conf/schema.yaml; `columns` is empty before the first look."""

    columns: dict[str, dict[str, Any]] = field(default_factory=dict)
    tolerance: float = 0
    unique_rows: bool = False


def read() -> Rules:
    """The rules of this project; raises Failure for a misspelt line."""
    found = project.read_yaml(path()) if path().is_file() else {}
    refuse_unknown("the file", found, tuple(Rules.__dataclass_fields__))
    rules = Rules(**found)
    if not 0 <= rules.tolerance < 1:
        raise Failure("conf/schema.yaml: tolerance must be a share such as 0 or 0.01")
    for column, spec in rules.columns.items():
        refuse_unknown(column, spec, KEYS)
        if spec.get("type") not in TYPES:
            raise Failure(f"conf/schema.yaml: type of {column} must be one of {', '.join(TYPES)}")
    return rules


def refuse_unknown(where: str, found: Any, known: tuple[str, ...]) -> None:
    """Raise Failure for a key that means nothing."""
    if not isinstance(found, dict):
        raise Failure(f"conf/schema.yaml: {where} must hold `name: value` pairs, not {found!r}")
    for key in found.keys() - set(known):
        close = difflib.get_close_matches(key, known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
        raise Failure(f"conf/schema.yaml: {where} has the unknown key {key!r}: {hint}")


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
    project.write_atomically(path(), text)


def infer(values: "Series") -> dict[str, Any]:
    """What the column's values have in common; see HEADER for how far it is trusted.

    A value that was never seen has about the chance (values seen once) / (rows), by Good (1953),
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


def checks(columns: dict[str, dict[str, Any]]) -> "DataFrameSchema":
    """Pandera's schema of columns that have their type; a check is named by what it found."""
    import pandas as pd
    import pandera.pandas as pa

    def column(spec: dict[str, Any]) -> pa.Column:
        made = []
        bound: Any = pd.Timestamp if spec["type"] == "date" else float
        if spec["type"] == "integer":
            made.append(pa.Check(lambda values: values % 1 == 0, error="no whole number"))
        if (low := spec.get("minimum")) is not None:
            made.append(pa.Check.ge(bound(low), error=f"below {low}"))
        if (high := spec.get("maximum")) is not None:
            made.append(pa.Check.le(bound(high), error=f"above {high}"))
        if spec.get("past"):
            made.append(pa.Check.le(tomorrow(), error="in the future"))
        if spec.get("values") is not None:
            made.append(pa.Check.isin(spec["values"], error="unknown value"))
        if spec["type"] == "text":
            whole = pa.Check(
                lambda values: ~values.astype(str).str.contains(BROKEN),
                error="broken characters (is the file in another encoding?)",
            )
            made.append(whole)
        return pa.Column(
            checks=made,
            nullable=spec.get("nullable", False),
            unique=spec.get("unique", False),
            report_duplicates="exclude_first",
        )

    return pa.DataFrameSchema({name: column(spec) for name, spec in columns.items()})
