"""Score a file: every row of IN gets a row in OUT.

Examples:
  {name} predict new.parquet predictions.parquet
  {name} predict new.csv predictions.csv --version 20261121-143501-3f2a
"""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..extensions import extends
from ..maturity import Evidence, recent
from ..problem import enrich
from ..project import conf, name, root, write_atomically


def predict(source: Path, target: Path, version: str | None = None) -> dict[str, Any]:
    """Score `source` in batches of bounded memory; OUT has the id column (or the row's number)
    and the prediction, in the order of the rows. Nothing is written if a batch is refused."""
    from ..data import table
    from ..development import model

    scorer = model.load(version)
    key = conf()["id_column"]
    rows = 0
    with table.writer(target) as out:
        for batch in table.batches(source):
            scored = scorer.predict(enrich(batch))
            ids = batch[key] if key in batch else range(rows + 1, rows + len(batch) + 1)
            scored.insert(0, key if key in batch else "row", ids)
            out.write(scored)
            rows += len(batch)
            print(f"\r{rows} rows", end="", flush=True)
    print(f" scored by {scorer.version}: {target}")
    done = {"time": datetime.now(UTC).isoformat(), "rows": rows, "version": scorer.version}
    write_atomically(last(), json.dumps(done))
    return done | {"file": str(target)}


def last() -> Path:
    """What is remembered of the last file that was scored."""
    return root() / "logs" / "predict.json"


@extends("evidence")
def evidence() -> Iterator[Evidence]:
    """P0: a file scored in the last 30 days."""
    done = json.loads(last().read_text(encoding="utf-8")) if last().exists() else {}
    if done and recent(done["time"]):
        yield Evidence("P0", "proven", f"{done['rows']} rows scored by {done['version']}")
    else:
        yield Evidence("P0", "missing", "no file scored in 30 days", f"{name()} predict IN OUT")


@extends("command")
def command(parser: ArgumentParser) -> Callable[[Namespace], dict[str, Any]]:
    parser.add_argument("source", metavar="IN", type=Path, help="a CSV or Parquet file")
    parser.add_argument("target", metavar="OUT", type=Path, help="the CSV or Parquet file to write")
    parser.add_argument("--version", help="another version than the newest")
    return lambda arguments: predict(arguments.source, arguments.target, arguments.version)
