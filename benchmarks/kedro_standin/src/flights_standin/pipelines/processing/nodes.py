import pandas as pd


def preprocess_flights(flights: pd.DataFrame) -> pd.DataFrame:
    """The parts of the departure time as numbers."""
    time = flights["scheduled_departure"].dt
    parts = {name: getattr(time, name) for name in ("month", "day", "day_of_week")}
    return flights.assign(**parts)


def create_model_input_table(flights: pd.DataFrame, options: dict) -> pd.DataFrame:
    """Sorted by time, without the columns that are not known in advance."""
    return flights.sort_values(options["time_column"]).drop(columns=options["left_out"])
