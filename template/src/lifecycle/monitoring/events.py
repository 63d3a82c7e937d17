"""The event at the end of each request, for whatever follows the server.

    @extends("answered")
    def answered(event: Answered) -> None

is called after every request, the refused and failed ones too, on the event loop: it must not wait.
What it raises is logged, and does no harm to the answer, which is out already.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass
class Answered:
    """A request when it is over; a route that predicts fills in what it predicted."""

    time: datetime  # when it came, UTC
    version: str = ""  # the model that answered, "" for other routes
    variant: str = ""
    rows: Sequence[dict[str, Any]] = ()  # the features of each row
    predictions: Sequence[dict[str, Any]] = ()  # as they were answered; none if it failed
    ids: Sequence[str | int | float | None] = ()  # the value of the id column in each row
    route: str = "other"
    status: int = 200  # of HTTP
    seconds: float = 0.0
    request_id: str = ""
    caller: str = ""
    assignment_key: str = ""
