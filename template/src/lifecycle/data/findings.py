"""What is wrong with a table, rule by rule; a finding is {column, rule, rows, values}.

`rows` counts from 1, without the header, and is None where the table as a whole is wrong."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .. import project
from . import schema

if TYPE_CHECKING:
    from pandas import DataFrame

SHOWN = 10  # rows of each finding that are printed


def examine(
    frame: "DataFrame", columns: dict[str, schema.Column], unique_rows: bool
) -> tuple["DataFrame", list[dict[str, Any]]]:
    """The table in the schema's types, and the findings: what is wrong with it."""
    ignored = project.conf().get("ignore") or []
    findings = []
    for name in columns:
        if name not in frame:
            findings.append(finding(name, "the column is missing"))
    for name in frame:
        if name not in columns and name not in ignored:
            findings.append(finding(name, "the schema does not know this column"))
    typed, fitting = frame.copy(), {}
    for name, spec in columns.items():
        if name in frame:
            values = schema.as_type(frame[name], spec.type)
            wrong = values.isna() & frame[name].notna()
            if 2 * wrong.sum() > frame[name].notna().sum():
                example = frame[name][wrong].iloc[0]
                findings.append(finding(name, f"holds {example!r}, not {spec.type}"))
                continue
            if wrong.any():
                findings.append(finding(name, f"not {spec.type}", frame[name][wrong]))
            # A value of the wrong type is reported as that, not as missing too.
            fitting[name] = spec.model_copy(update={"nullable": spec.nullable or bool(wrong.any())})
            if wrong.any() and not spec.nullable and (gaps := frame[name].isna()).any():
                findings.append(finding(name, "missing", frame[name][gaps]))
            typed[name] = values
    findings += violations(typed[list(fitting)], fitting)
    if unique_rows and (twins := frame.duplicated()).any():
        findings.append(finding("(row)", "a copy of an earlier row", frame.iloc[:, 0][twins]))
    findings += leaks(typed, fitting)
    return typed, findings


def finding(column: str, rule: str, values: Any = None) -> dict[str, Any]:
    """An entry of the report; `values` is a series of what was found, by row."""
    entry: dict[str, Any] = {"column": str(column), "rule": rule, "rows": None, "values": []}
    if values is not None:
        entry["rows"] = [int(row) + 1 for row in values.index]
        entry["values"] = [str(value) for value in values.head(SHOWN)]
    return entry


def violations(frame: "DataFrame", columns: dict[str, schema.Column]) -> Iterator[dict[str, Any]]:
    """What Pandera finds, one entry a column and rule."""
    import pandera.pandas as pa

    try:
        schema.checks(columns).validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        names = {"not_nullable": "missing", "field_uniqueness": "comes twice"}
        cases = errors.failure_cases.assign(index=errors.failure_cases["index"].astype(int))
        for (column, check), found in cases.groupby(["column", "check"], sort=False):
            values = found.set_index("index")["failure_case"].sort_index()
            yield finding(column, names.get(check, check), values)


def leaks(frame: "DataFrame", columns: dict[str, schema.Column]) -> Iterator[dict[str, Any]]:
    """Columns that nearly equal the target, and so will not be known when a prediction is made."""
    from . import describe

    settings = project.conf()
    target = settings["target"]
    others = [settings.get(f"{role}_column") for role in ("id", "group", "weight")]
    if target not in columns:
        return
    sample = frame.sample(min(len(frame), 5_000), random_state=0).dropna(subset=[target])
    for name, spec in columns.items():
        apart = name in (target, *others) or spec.copies_target
        if not apart and describe.copies(sample[name], sample[target]):
            yield finding(name, f"nearly a copy of {target}: add it to `ignore` in conf/data.yaml")


def by_row(findings: list[dict[str, Any]]) -> dict[int, list[str]]:
    """The reasons against each bad row, by its position."""
    reasons: dict[int, list[str]] = {}
    for entry in findings:
        for row in entry["rows"] or []:
            reasons.setdefault(row - 1, []).append(f"{entry['column']}: {entry['rule']}")
    return dict(sorted(reasons.items()))
