"""Tables: CSV and Parquet, read whole or in batches, and written, the same way everywhere.

The encoding, delimiter and decimal mark of a CSV are found out. Texts that are dates become dates,
and times with a zone become UTC."""

import csv
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from pandas.tseries.api import guess_datetime_format

from ..project import Failure

SAMPLE = 1_000  # rows that tell what a file looks like


def read(path: Path) -> pd.DataFrame:
    """The whole table."""
    return next(batches(path, None))


def batches(path: Path, rows: int | None = 50_000) -> Iterator[pd.DataFrame]:
    """The table in frames of at most `rows` rows; raises Failure if there is nothing to read."""
    frames = of_kind(path, csv_frames, parquet_frames)
    dates: dict[str, str] | None = None
    try:
        for frame in filter(len, frames(path, rows)):
            if dates is None:
                texts = frame.select_dtypes(["object", "string"])
                dates = {name: form for name in texts if (form := date_format(texts[name]))}
            for name, form in dates.items():
                with suppress(ValueError):  # further down it is no date: it stays text
                    moments = pd.to_datetime(frame[name], format=form, utc=True)
                    frame[name] = moments.dt.tz_localize(None)
            yield frame
    except FileNotFoundError:
        raise Failure(f"there is no file {path}") from None
    except (OSError, ValueError, csv.Error, pa.ArrowException) as error:
        raise Failure(f"{path} cannot be read: {str(error).strip()}") from None
    if dates is None:
        raise Failure(f"{path} has no rows")


def of_kind(path: Path, text: Any, parquet: Any) -> Any:
    """The one of the two that the file's name asks for."""
    kinds = {".csv": text, ".tsv": text, ".parquet": parquet}
    if path.suffix.lower() not in kinds:
        raise Failure(f"{path} is not a table: its name must end in .csv, .tsv or .parquet")
    return kinds[path.suffix.lower()]


def refuse_twins(names: list[str]) -> None:
    if twins := sorted({name for name in names if name and names.count(name) > 1}):
        raise ValueError(f"more than one column is called {twins[0]!r}")


def csv_frames(path: Path, rows: int | None) -> Iterator[pd.DataFrame]:
    encoding = encoding_of(path)
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        lines = list(islice(file, SAMPLE))
    if not "".join(lines).strip() or "\0" in lines[0]:
        raise ValueError("it is empty, or it is not text")
    mark = delimiter_of(lines)
    refuse_twins(next(csv.reader(lines, delimiter=mark, skipinitialspace=True)))
    options: dict[str, Any] = {"sep": mark, "encoding": encoding, "encoding_errors": "replace"}
    options |= {"skipinitialspace": True, "na_values": ["?"], "index_col": False}
    sample = pd.read_csv(path, nrows=SAMPLE, **options, dtype=str)

    def having(pattern: str) -> list[str]:
        return [name for name in sample if sample[name].str.fullmatch(pattern).any()]

    if mark != "," and len(having(r"-?\d+,\d+")) > len(having(r"-?\d+\.\d+")):
        options["decimal"] = ","
    # 007 is not 7, and a number of 16 digits is not the nearest float: both stay text.
    options["dtype"] = dict.fromkeys(having(r"0\d+|\d{16,}"), str)
    found: Any = pd.read_csv(path, **options, chunksize=rows, low_memory=False)
    yield from [found] if rows is None else found


def encoding_of(path: Path) -> str:
    """UTF-8, UTF-16 with its mark, or else what Excel writes in Western Europe.

    Statistics (charset-normalizer) took two files of one source for different encodings."""
    with suppress(UnicodeDecodeError), path.open(encoding="utf-8-sig") as text:
        while text.read(1 << 20):
            pass
        return "utf-8-sig"
    with path.open("rb") as file:
        return "utf-16" if file.read(2) in (b"\xff\xfe", b"\xfe\xff") else "cp1252"


def delimiter_of(lines: list[str]) -> str:
    """The mark that cuts most lines into as many fields as the header.

    csv.Sniffer takes the decimal comma of a table with semicolons for its delimiter."""

    def fit(mark: str) -> int:
        header, *records = [record for record in csv.reader(lines, delimiter=mark) if record]
        return (len(header) - 1) * (1 + sum(len(record) == len(header) for record in records))

    return max("\t;|,", key=fit)


def parquet_frames(path: Path, rows: int | None) -> Iterator[pd.DataFrame]:
    # Small buffers, for otherwise all compressed row groups end up in memory.
    with pq.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False) as file:
        refuse_twins(names := file.schema_arrow.names)
        schema = pa.schema([(field.name, plain(field)) for field in file.schema_arrow])
        for batch in file.iter_batches(rows or max(file.metadata.num_rows, 1)):
            frame = batch.cast(schema).to_pandas()
            yield frame.drop(columns=[name for name in names if name.startswith("__index_level_")])


def plain(field: pa.Field) -> pa.DataType:
    """What a Parquet column is read as: a type that a CSV could hold too."""
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    if pa.types.is_nested(kind):
        raise ValueError(f"column {field.name!r} holds lists or records: spread them over columns")
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return pa.timestamp("ns")
    numbers = (pa.types.is_floating, pa.types.is_decimal, pa.types.is_null)
    return pa.float64() if any(fits(kind) for fits in numbers) else kind


def date_format(column: pd.Series) -> str | None:
    """The format in which every text is a date: 01.02. has its day first, 01/02/ may have."""
    texts = column.dropna().head(SAMPLE)
    first = texts.iloc[0] if len(texts) else None
    if not isinstance(first, str):
        return None
    iso = ["ISO8601"] if re.match(r"\d{4}-\d\d", first) else []
    orders = (True, False) if "." in first else (False, True)
    for form in chain(iso, (guess_datetime_format(first, dayfirst=order) for order in orders)):
        with suppress(ValueError, TypeError):
            if form and len(pd.to_datetime(texts, format=form, utc=True)):
                return str(form)
    return None


class Writer:
    """Takes frames of the same columns; the first one decides their types."""

    def __init__(self, create: Callable[[pa.Schema], Any]) -> None:
        self.create = create
        self.file: Any = None
        self.schema: pa.Schema | None = None

    def write(self, frame: pd.DataFrame) -> None:
        table = pa.Table.from_pandas(frame, self.schema, preserve_index=False)
        if self.file is None:
            self.schema = table.schema.remove_metadata()
            self.file = self.create(self.schema)
        self.file.write_table(table.cast(self.schema))


def csv_file(path: Path, schema: pa.Schema) -> pyarrow.csv.CSVWriter:
    mark = "\t" if path.suffix == ".tsv" else ","
    options = pyarrow.csv.WriteOptions(delimiter=mark)
    return pyarrow.csv.CSVWriter(path, schema, write_options=options)


@contextmanager
def writer(path: Path) -> Iterator[Writer]:
    """Write frame by frame a .csv or .parquet that appears when all is written, or not at all."""
    kind = of_kind(path, csv_file, pq.ParquetWriter)
    draft = path.with_name(f".{os.getpid()}.{path.name}")
    out = Writer(lambda schema: kind(draft, schema))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield out
        if out.file:
            out.file.close()
            draft.replace(path)
    except (OSError, pa.ArrowException) as error:
        raise Failure(f"{path} cannot be written: {error}") from None
    finally:
        draft.unlink(missing_ok=True)
