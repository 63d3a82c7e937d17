"""The last drift report among the server's metrics.

    model_drifted_features                 columns that moved, the prediction among them
    model_drift_report_timestamp_seconds   when they were compared

Neither is there before the first report: an alert on its age needs `absent` too.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from ..extensions import extends
from .drift import last

if TYPE_CHECKING:
    from fastapi import APIRouter
    from prometheus_client.core import GaugeMetricFamily

    from ..deployment.serving.service import Service


class DriftCollector:
    """Reads reports/drift.json when the metrics are read."""

    def collect(self) -> "Iterator[GaugeMetricFamily]":
        from prometheus_client.core import GaugeMetricFamily

        try:
            report = json.loads(last().read_text(encoding="utf-8"))
            when = datetime.fromisoformat(report["time"]).timestamp()
        except (OSError, ValueError, KeyError):
            return
        yield GaugeMetricFamily("model_drifted_features", "Columns moved", len(report["drifted"]))
        yield GaugeMetricFamily("model_drift_report_timestamp_seconds", "Last report", when)


@extends("routes")
def routes(service: "Service") -> "APIRouter":
    """No route of its own: a collector for /metrics."""
    from fastapi import APIRouter

    service.metrics.registry.register(DriftCollector())
    return APIRouter()
