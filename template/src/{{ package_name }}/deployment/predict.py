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

from ..maturity import Evidence, recent
from ..project import conf, name, root


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
            scored = scorer.predict(batch)
            ids = batch[key] if key in batch else range(rows + 1, rows + len(batch) + 1)
            scored.insert(0, key if key in batch else "row", ids)
            out.write(scored)
            rows += len(batch)
            print(f"\r{rows} rows", end="", flush=True)
    print(f" scored by {scorer.version}: {target}")
    done = {"time": datetime.now(UTC).isoformat(), "rows": rows, "version": scorer.version, "file": str(target)}
    with log().open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(done) + "\n")
    return done


def log() -> Path:
    """A line for each file that was scored."""
    path = root() / "logs" / "predict.jsonl"
    path.parent.mkdir(exist_ok=True)
    return path


def evidence() -> Iterator[Evidence]:
    """P0: a file scored in the last 30 days."""
    lines = log().read_text(encoding="utf-8").splitlines() if log().exists() else []
    last = json.loads(lines[-1]) if lines else {}
    if last and recent(last["time"]):
        yield Evidence("P0", "proven", f"{last['rows']} rows scored by {last['version']}")
    else:
        yield Evidence("P0", "missing", "no file scored in 30 days", f"{name()} predict IN OUT")


def command(parser: ArgumentParser) -> Callable[[Namespace], dict[str, Any]]:
    parser.add_argument("source", metavar="IN", type=Path, help="a CSV or Parquet file")
    parser.add_argument("target", metavar="OUT", type=Path, help="the CSV or Parquet file to write")
    parser.add_argument("--version", help="another version than the newest")
    return lambda arguments: predict(arguments.source, arguments.target, arguments.version)
