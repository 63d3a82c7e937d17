"""Show what every column holds, what it is for, and what looks wrong with it.

Examples:
  {name} describe
  {name} describe --data ../tables/last_year.csv
"""

import difflib
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import project
from ..project import Failure, conf

if TYPE_CHECKING:
    from pandas import DataFrame, Series

    from ..maturity import Evidence


@dataclass
class Roles:
    """What each column is for, as conf/data.yaml says; `features` is what is left."""

    target: str
    time: str | None
    id: str | None
    sensitive: list[str]
    ignored: list[str]
    features: list[str]


def roles(frame: "DataFrame") -> Roles:
    """The roles of the table's columns; raises Failure if the settings do not fit the table."""
    settings = ("target", "time_column", "id_column", "sensitive_columns", "ignore")
    target, time, key, sensitive, ignored = (columns(frame, setting) for setting in settings)
    check_target(frame[target[0]], conf()["problem_type"])
    if time and frame[time[0]].dtype.kind not in "Miuf":
        raise Failure(f"time_column {time[0]!r} holds no dates, but {frame[time[0]].iloc[0]!r}")
    apart = target + key + ignored + (sensitive if not conf()["use_sensitive"] else [])
    features = [name for name in frame if name not in apart]
    if not features:
        raise Failure("no column is left to learn from: shorten `ignore` in conf/data.yaml")
    moment, name = (names[0] if names else None for names in (time, key))
    return Roles(target[0], moment, name, sensitive, ignored, features)


def columns(frame: "DataFrame", setting: str) -> list[str]:
    """The columns that a setting names; raises Failure if the table lacks one."""
    value = conf().get(setting) or []
    names = [value] if isinstance(value, str) else list(map(str, value))
    for name in names:
        if name not in frame:
            close = difflib.get_close_matches(name, frame.columns, n=1, cutoff=0.5)
            hint = f"did you mean {close[0]!r}?" if close else f"it has {', '.join(frame.columns)}"
            raise Failure(f"the table has no column {name!r} ({setting} in conf/data.yaml): {hint}")
    return names


def check_target(target: "Series", problem_type: str) -> None:
    """Raise Failure if nothing can be learned about this target."""
    missing = target.isna()
    if missing.any():
        first = int(missing.to_numpy().argmax()) + 1
        raise Failure(
            f"target {target.name!r} is missing in {missing.sum()} rows, row {first} first: "
            "fill it in or take these rows out"
        )
    if target.nunique() < 2:
        value = target.iloc[0]
        raise Failure(f"target {target.name!r} is {value!r} in every row: nothing to learn")
    if problem_type == "regression" and target.dtype.kind not in "iuf":
        raise Failure(
            f"target {target.name!r} holds {target.iloc[0]!r}, no numbers: is problem_type in "
            "conf/data.yaml not classification?"
        )


def holdout(frame: "DataFrame") -> tuple["DataFrame", "DataFrame", str]:
    """Rows to learn from, rows to test with, and how they were told apart.

    With a time column the newest rows are held out, because the model will meet newer ones."""
    from sklearn.model_selection import train_test_split

    role, share = roles(frame), float(conf()["holdout"])
    if role.time:
        moments = frame[role.time]
        newest = moments >= moments.quantile(1 - share, interpolation="nearest")
        how = f"by time, {role.time} from {moments[newest].min()} on"
        train, test = frame[~newest], frame[newest]
    else:
        target = frame[role.target]
        few = target.value_counts().min() < 2 or len(frame) * share < target.nunique()
        even = conf()["problem_type"] == "classification" and not few
        train, test = train_test_split(
            frame, test_size=share, random_state=0, stratify=target if even else None
        )
        how = "at random" + (", each class in its share" if even else "")
    if train[role.target].nunique() < 2:
        raise Failure(f"held out {how}, the rows left have one {role.target!r} only: add rows")
    return train, test, how


def understand(frame: "DataFrame", role: Roles) -> list[dict[str, Any]]:
    """One entry for each column: name, role, kind, missing, distinct, examples, warnings."""
    jobs: dict[str | None, str] = dict.fromkeys(role.ignored, "ignored")
    jobs |= dict.fromkeys(role.sensitive, "sensitive")
    jobs |= {role.time: "time", role.id: "id", role.target: "target"}
    sample = frame.sample(min(len(frame), 5_000), random_state=0)
    entries = []
    for name in frame:
        values, job = frame[name], jobs.get(name, "feature")
        kinds = dict.fromkeys("iuf", "number") | {"b": "boolean", "M": "date"}
        long = sample[name].dropna().astype(str).str.split().str.len().mean() > 3
        entry = {
            "name": name,
            "role": job,
            "kind": kinds.get(values.dtype.kind, "text" if long else "category"),
            "missing": round(float(values.isna().mean()), 4),
            "distinct": int(values.nunique()),
            "examples": values.dropna().drop_duplicates().head(3).astype(str).tolist(),
        }
        entries.append(entry | {"warnings": list(doubts(entry, values))})
        if job == "feature" and follows(sample[name], sample[role.target]):
            entries[-1]["warnings"].append("nearly a copy of the target: is it known in time?")
    return entries


def doubts(entry: dict[str, Any], values: "Series") -> Iterator[str]:
    """What looks wrong with a column by itself."""
    known, distinct = values.count(), entry["distinct"]
    if entry["kind"] == "date" and values.max() > datetime.now():
        yield f"reaches into the future: {values.max()}"
    if entry["role"] == "id" and distinct < len(values):
        yield f"is no name of its own for {len(values) - distinct} rows"
    if entry["role"] == "feature":
        if distinct < 2:
            yield "constant: tells nothing"
        elif entry["missing"] > 0.5:
            yield f"missing in {entry['missing']:.0%} of the rows"
        names = entry["kind"] == "category" or values.dtype.kind in "iu"
        if names and distinct > 0.95 * known > 19:
            yield "looks like an id: hardly a value comes twice"


def follows(values: "Series", target: "Series") -> bool:
    """Whether the column tells the target: Chatterjee's correlation, near its highest value."""
    import pandas as pd
    from scipy.stats import chatterjeexi

    column, answer = (
        (c.rank() if c.dtype.kind in "iufb" else pd.Series(c.factorize()[0])).fillna(-1)
        for c in (values, target)
    )
    told, highest = chatterjeexi(column, answer), chatterjeexi(answer, answer)
    return bool(told.statistic > 0.98 * highest.statistic)


def show(entries: list[dict[str, Any]]) -> None:
    """Print what was understood, a row for each column, and the doubts below."""
    from rich.console import Console
    from rich.table import Table

    table = Table("column", "role", "kind", "missing", "distinct", box=None, expand=True)
    table.add_column("for example", no_wrap=True, ratio=1)
    for entry in entries:
        share = f"{entry['missing']:.1%}" if entry["missing"] else ""
        row = [entry["name"], entry["role"], entry["kind"], share, str(entry["distinct"])]
        table.add_row(*row, ", ".join(entry["examples"]))
    console = Console(markup=False)
    console.print(table)
    for entry in entries:
        for warning in entry["warnings"]:
            console.print(f"look at {entry['name']}: {warning}", style="yellow")


def command(parser: ArgumentParser) -> Callable[[Namespace], dict[str, Any]]:
    parser.add_argument("--data", type=Path, help="another table than the one in conf/data.yaml")

    def run(arguments: Namespace) -> dict[str, Any]:
        from ..problem_api import part

        frame = part("data").load(arguments.data or project.data_path())
        entries = understand(frame, roles(frame))
        show(entries)
        return {"rows": len(frame), "columns": entries}

    return run


def evidence() -> Iterator["Evidence"]:
    from ..development import model
    from ..maturity import Evidence

    page = project.root() / "data" / "README.md"
    if not model.versions():
        step = f"{project.name()} train"
        yield Evidence("D0", "missing", "no model has learned from the data yet", step)
        return
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    names = [column["name"] for column in model.facts(model.latest())["schema"]]
    unknown = [name for name in names if f"`{name}`" not in text]
    if unknown:
        detail = f"data/README.md does not explain {', '.join(unknown)}"
        yield Evidence("D0", "missing", detail, "write a line for each column in data/README.md")
    else:
        yield Evidence("D0", "proven", f"data/README.md explains all {len(names)} columns")
