"""Show what each column holds, what it is for, and what looks wrong with it.

Examples:
  {name} describe
  {name} describe --data ../tables/last_year.csv
"""

import difflib
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import project
from ..extensions import extends
from ..project import Failure
from .dataset import DataSettings, settings

if TYPE_CHECKING:
    from pandas import DataFrame, Series

    from ..maturity import Evidence

NUMBERS = "iuf"
KINDS = {"b": "boolean", "M": "date", **dict.fromkeys(NUMBERS, "number")}


class Roles(DataSettings):
    """The columns by their role: `features` are those that are left, `enriched` those of them that
    extensions added to the table."""

    features: list[str]
    enriched: list[str]

    def weights(self, rows: "DataFrame") -> "Series | None":
        """How much each row counts; None if all count the same."""
        return rows[self.weight].astype(float) if self.weight else None


def roles(frame: "DataFrame") -> Roles:
    """The roles of the table's columns; raises Failure if the settings do not fit the table."""
    found = settings()
    for role in ("target", "time", "id", "group", "weight", "sensitive", "ignored"):
        named = getattr(found, role) or []
        for column in [named] if isinstance(named, str) else named:
            if column not in frame:
                setting = DataSettings.model_fields[role].alias or role
                raise Failure(f"the table has no column {column!r} {hint(frame, setting, column)}")
    check_target(frame[found.target], found.problem_type)
    if found.time and frame[found.time].dtype.kind not in NUMBERS + "M":
        raise Failure(f"time_column {found.time!r} needs dates of one format, such as 2013-12-31")
    if found.group and (gaps := frame[found.group].isna()).any():
        raise Failure(f"group_column {found.group!r} is missing in {rows_of(gaps)}: fill them")
    if found.group and frame[found.group].nunique() < 2:
        raise Failure(f"group_column {found.group!r} is the same in every row")
    if found.weight:
        check_weight(frame[found.weight])
    apart = [found.target, found.id, found.group, found.weight, *found.ignored]
    apart += () if found.use_sensitive else found.sensitive
    if not (features := [name for name in frame if name not in apart]):
        raise Failure("no column is left to learn from: shorten `ignore` in conf/data.yaml")
    enriched = [column for column in frame.attrs.get("enriched", []) if column in features]
    return Roles(**found.model_dump(by_alias=True), features=features, enriched=enriched)


def hint(frame: "DataFrame", setting: str, name: str) -> str:
    """The end of a message about a column that the table lacks."""
    close = difflib.get_close_matches(name, map(str, frame), n=1, cutoff=0.5)
    others = f"did you mean {close[0]!r}?" if close else f"it has {', '.join(frame)[:200]}"
    return f"({setting} in conf/data.yaml): {others}"


def rows_of(wrong: "Series") -> str:
    """How many rows are wrong, and which is the first: 3 rows, row 7 first."""
    return f"{wrong.sum()} rows, row {wrong.to_numpy().argmax() + 1} first"


def check_target(target: "Series", problem_type: str) -> None:
    """Raise Failure if nothing can be learned about the target."""
    gaps, value = target.isna() | target.isin([float("inf"), float("-inf")]), target.iloc[0]
    if gaps.any():
        doubt = f"is missing in {rows_of(gaps)}: fill them"
    elif target.nunique() < 2:
        doubt = f"is {value} in every row: there is nothing to learn"
    elif problem_type == "regression" and target.dtype.kind not in NUMBERS:
        doubt = f"holds {value}: regression needs numbers"
    elif problem_type == "classification" and 2 * target.nunique() > len(target):
        doubt = f"has {target.nunique()} values, too many for classes: is it a regression?"
    else:
        return
    raise Failure(f"target {target.name!r} {doubt}")


def check_weight(weight: "Series") -> None:
    """Raise Failure for a weight that is not a number from 0 on."""
    if weight.dtype.kind not in NUMBERS:
        raise Failure(f"weight_column {weight.name!r} needs numbers, it has {weight.iloc[0]!r}")
    if (wrong := ~weight.between(0, float("inf"), inclusive="left")).any():
        doubt = f"is missing, negative or infinite in {rows_of(wrong)}"
        raise Failure(f"weight_column {weight.name!r} {doubt}: write numbers from 0 on")


def understand(frame: "DataFrame", role: Roles) -> list[dict[str, Any]]:
    """An entry for each column: name, role, kind, missing, distinct, examples, warnings."""
    jobs: dict[str | None, str] = dict.fromkeys(role.ignored, "ignored")
    jobs |= dict.fromkeys(role.sensitive, "sensitive")
    jobs |= {role.group: "group", role.weight: "weight"}
    jobs |= {role.time: "time", role.id: "id", role.target: "target"}
    sample = frame.sample(min(len(frame), 5_000), random_state=0)
    entries = []
    for name, values in frame.items():
        job, distinct, missing = jobs.get(name, "feature"), values.nunique(), values.isna().mean()
        words = sample[name].dropna().astype(str).str.count(r"\S+").mean()
        kind = KINDS.get(values.dtype.kind, "text" if words > 3 and distinct > 50 else "category")
        feature, naming = job == "feature", kind == "category" or values.dtype.kind in "iu"
        doubts = {
            "in the future": kind == "date" and values.max() > datetime.now(),
            "not unique": job == "id" and distinct < len(values),
            "constant": feature and distinct < 2,
            "mostly missing": feature and missing > 0.5,
            "looks like an id": feature and naming and distinct > 0.95 * values.count() > 19,
            "nearly a copy of the target": feature and copies(sample[name], sample[role.target]),
        }
        examples = values.dropna().drop_duplicates().head(3).astype(str).tolist()
        entry = {"name": name, "role": job, "kind": kind, "missing": round(float(missing), 3)}
        entry |= {"distinct": distinct, "examples": examples}
        entries.append(entry | {"warnings": [doubt for doubt, found in doubts.items() if found]})
    return entries


def copies(values: "Series", target: "Series") -> bool:
    """Whether a column determines the target: Chatterjee's correlation is near its maximum."""
    import pandas as pd
    from scipy.stats import chatterjeexi

    x, y = (
        (c.rank() if c.dtype.kind in KINDS else pd.Series(c.factorize()[0])).fillna(-1)
        for c in (values, target)
    )
    found, highest = chatterjeexi(x, y), chatterjeexi(y, y)
    return len(y) > 19 and bool(found.statistic > 0.98 * highest.statistic)


def parts(values: "Series") -> "Series":
    """The group of each row, by its value; many numbers make four groups of about one size."""
    import pandas as pd

    many = values.dtype.kind in NUMBERS + "M" and values.nunique() > 10
    return (pd.qcut(values, 4, duplicates="drop") if many else values).astype(str)


def show(entries: list[dict[str, Any]]) -> None:
    """Print a line for each column, and the warnings below."""
    from rich.console import Console

    console = Console(markup=False)
    rows = [entry | {"examples": ", ".join(entry["examples"])[:28]} for entry in entries]
    warnings = {row["name"]: row.pop("warnings") for row in rows}
    console.print(project.table(rows))
    for name, doubts in warnings.items():
        for doubt in doubts:
            console.print(f"look at {name}: {doubt}", style="yellow")
    if any(warnings.values()):
        print("What the model must not learn from belongs in `ignore` in conf/data.yaml.")


@extends("command")
def command(parser: ArgumentParser) -> Callable[[Namespace], dict[str, Any]]:
    parser.add_argument("--data", type=Path, help="another table than the one in conf/data.yaml")

    def run(arguments: Namespace) -> dict[str, Any]:
        from ..problem import load

        frame = load(arguments.data or project.data_path())
        entries = understand(frame, roles(frame))
        show(entries)
        return {"rows": len(frame), "columns": entries}

    return run


@extends("evidence")
def evidence() -> Iterator["Evidence"]:
    """D0: every column of the newest model is explained in data/README.md."""
    from ..development import model
    from ..maturity import Evidence

    page = project.root() / "data" / "README.md"
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    names = [c["name"] for c in model.facts(model.latest())["schema"]] if model.versions() else []
    unknown = [name for name in names if f"`{name}`" not in text]
    if not names:
        yield Evidence("D0", "missing", "nothing was learned yet", f"{project.name()} train")
    elif unknown:
        detail = f"data/README.md does not explain {', '.join(unknown)}"
        yield Evidence("D0", "missing", detail, "write a line for each column into data/README.md")
    else:
        yield Evidence("D0", "proven", f"data/README.md explains all {len(names)} columns")
