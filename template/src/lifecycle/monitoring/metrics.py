"""What the server measures, as Prometheus reads it at /metrics.

    http_requests_total{path,status,variant}                      traffic, errors
    http_request_seconds{path,variant}          latency; no variant where no model answers
    model_batch_rows, model_call_seconds        rows scored in one call, how long a call takes
    model_predictions_total{version,variant,prediction}           classes, or "number"
    model_probability{version,variant,label}    a histogram of each class, of two the second
    model_prediction{version,variant}           a histogram of predicted numbers
    model_info{version,variant,created,problem_type}              what answers now: 1
    model_load_failures_total, prediction_log_lost_rows_total     what went wrong unseen
    process_*, python_*                         memory, processor time, open files (on Linux)

A higher rung may add metrics of its own to `Metrics.registry`.
"""

import contextlib
from collections import Counter as Tally
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any

from ..extensions import extends
from ..maturity import Evidence, recent
from ..project import name, root
from .events import Answered

if TYPE_CHECKING:
    from numpy import ndarray
    from prometheus_client.core import HistogramMetricFamily

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
TENTHS = tuple(edge / 10 for edge in range(1, 10))


class Distributions:
    """Histograms that take the values of a whole request at once, by their labels."""

    def __init__(self, name: str, text: str, labels: list[str]) -> None:
        self.about, self.labels = (name, text), labels
        self.kept: dict[tuple[str, ...], tuple[ndarray, ndarray, list[float]]] = {}

    def add(self, labels: tuple[str, ...], values: "ndarray", edges: Sequence[float]) -> None:
        import numpy as np

        if labels not in self.kept:
            self.kept[labels] = np.asarray(edges), np.zeros(len(edges) + 1, int), [0.0]
        limits, counts, total = self.kept[labels]
        values = values[np.isfinite(values)]
        counts += np.bincount(limits.searchsorted(values), minlength=len(counts))
        total[0] += float(values.sum())

    def collect(self) -> "Iterator[HistogramMetricFamily]":
        from prometheus_client.core import HistogramMetricFamily

        family = HistogramMetricFamily(*self.about, labels=self.labels)
        for labels, (edges, counts, total) in self.kept.items():
            names = [*map(str, edges.tolist()), "+Inf"]
            buckets = list(zip(names, counts.cumsum().tolist(), strict=True))
            family.add_metric(labels, buckets, total[0])
        yield family


class Metrics:
    """Everything that one server measures."""

    def __init__(self) -> None:
        import prometheus_client as client

        client.disable_created_metrics()  # they double the page and tell nothing
        self.registry = client.CollectorRegistry()
        for collector in (client.ProcessCollector, client.PlatformCollector, client.GCCollector):
            collector(registry=self.registry)

        def new(kind: Any, name: str, text: str, *labels: str, **more: Any) -> Any:
            return kind(name, text, labels, registry=self.registry, **more)

        http, seconds = ["path", "variant"], {"buckets": SECONDS}
        self.requests = new(client.Counter, "http_requests", "Requests", *http, "status")
        self.latency = new(client.Histogram, "http_request_seconds", "Answers", *http, **seconds)
        self.calls = new(client.Histogram, "model_call_seconds", "Calls of a model", **seconds)
        fours = [4**power for power in range(8)]
        self.batch = new(client.Histogram, "model_batch_rows", "Rows of a call", buckets=fours)
        which = ["version", "variant"]
        self.predictions = new(
            client.Counter, "model_predictions", "Rows answered", *which, "prediction"
        )
        self.probabilities = Distributions("model_probability", "Probabilities", [*which, "label"])
        self.numbers = Distributions("model_prediction", "Predicted numbers", which)
        self.registry.register(self.probabilities)
        self.registry.register(self.numbers)
        self.info = new(client.Gauge, "model_info", "Versions", *which, "created", "problem_type")
        self.load_failures = new(client.Counter, "model_load_failures", "Models not taken over")
        self.log_lost = new(client.Counter, "prediction_log_lost_rows", "Rows not logged")
        self.edges: dict[str, Sequence[float]] = {}  # of the histogram of numbers, by version
        self.noted = 0.0

    def answered(self, event: Answered) -> None:
        """Count and time a request; a path that does not exist is `other`."""
        self.requests.labels(event.route, event.variant, event.status).inc()
        self.latency.labels(event.route, event.variant).observe(event.seconds)

    def predicted(self, version: str, variant: str, rows: Sequence[dict[str, Any]]) -> None:
        """Count predictions, as they were answered."""
        import numpy as np

        which, predictions = (version, variant), [row["prediction"] for row in rows]
        labels = list(rows[0]["probabilities"] or ())
        if not labels and (isinstance(predictions[0], float) or self.edges.get(version)):
            self.predictions.labels(*which, "number").inc(len(predictions))
            self.numbers.add(which, np.array(predictions, float), self.edges.get(version, []))
        else:
            for prediction, count in Tally(predictions).items():
                self.predictions.labels(*which, str(prediction)).inc(count)
        for label in labels[1:] if len(labels) == 2 else labels:
            values = np.array([row["probabilities"][label] for row in rows])
            self.probabilities.add((*which, label), values, TENTHS)

    def page(self) -> bytes:
        """What Prometheus reads."""
        from prometheus_client import generate_latest

        if time() - self.noted > 60:
            self.noted = time()
            with contextlib.suppress(OSError):
                scraped().parent.mkdir(parents=True, exist_ok=True)
                scraped().touch()
        return generate_latest(self.registry)


def scraped() -> Path:
    """Touched when the metrics are read, once a minute at most."""
    return root() / "logs" / "metrics-read"


@extends("evidence")
def evidence() -> Iterator[Evidence]:
    """O1: somebody (a Prometheus) read the metrics in the last 30 days."""
    when = datetime.fromtimestamp(scraped().stat().st_mtime, UTC) if scraped().exists() else None
    if when and recent(when.isoformat()):
        yield Evidence("O1", "proven", f"metrics read on {when:%Y-%m-%d %H:%M} UTC")
    else:
        step = f"{name()} serve, then let a Prometheus read /metrics"
        yield Evidence("O1", "missing", "metrics not read in 30 days", step)
