import logging

import pandas as pd
import pytest
from flights_standin.pipelines.science import create_pipeline
from flights_standin.pipelines.science.nodes import split_data
from kedro.io import DataCatalog
from kedro.runner import SequentialRunner


@pytest.fixture
def table():
    days = pd.date_range("2013-01-01", periods=60)
    late = [day % 3 == 0 for day in range(60)]
    return pd.DataFrame({"scheduled_departure": days, "carrier": ["UA", "B6"] * 30, "hour": range(60), "late": late})


@pytest.fixture
def options():
    return {
        "time_column": "scheduled_departure",
        "target": "late",
        "test_size": 0.2,
        "seed": 7,
        "classifier": {"max_iter": 5},
    }


def test_split_data(table, options):
    parts = split_data(table, options)
    assert [len(part) for part in parts] == [48, 12, 48, 12]


def test_split_data_without_target(table, options):
    with pytest.raises(KeyError, match="late"):
        split_data(table.drop(columns="late"), options)


def test_science_pipeline(caplog, table, options):
    catalog = DataCatalog()
    catalog["model_input_table"] = table
    catalog["params:model_options"] = options
    caplog.set_level(logging.DEBUG, logger="kedro")
    SequentialRunner().run(create_pipeline(), catalog)
    assert "Pipeline execution completed successfully" in caplog.text
