"""The last report of the monitors among the server's metrics.

    model_drifted_features                        columns that drifted, the prediction among them
    model_drift_report_timestamp_seconds          when they were compared
    model_findings{kind, severity}                findings of all monitors
    model_finding_value{kind, column, number}     the numbers that belong to them

Nothing is there before the first report: an alert on its age needs `absent` too.
"""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..extensions import extends
from ..project import Failure
from .monitors import Report, read_report

if TYPE_CHECKING:
    from fastapi import APIRouter
    from prometheus_client.core import GaugeMetricFamily

    from ..deployment.serving.service import Service


class MonitorCollector:
    """Reads reports/drift.json when the metrics are read."""

    def collect(self) -> "Iterator[GaugeMetricFamily]":
        """The metrics of the last report; none if it is missing or damaged."""
        try:
            report = read_report()
        except Failure:  # `maturity` reports it; requests must be answered
            return
        if report:
            yield from families(report)


def families(report: Report) -> "Iterator[GaugeMetricFamily]":
    """A report as metrics."""
    from prometheus_client.core import GaugeMetricFamily as Gauge

    yield Gauge("model_drifted_features", "Columns that drifted", len(report.drifted))
    when = report.time.timestamp()
    yield Gauge("model_drift_report_timestamp_seconds", "Time of the last report", when)
    counts = Gauge("model_findings", "Findings of the monitors", labels=["kind", "severity"])
    values = Gauge("model_finding_value", "Their numbers", labels=["kind", "column", "number"])
    for labels, count in Counter((f.kind, f.severity) for f in report.findings).items():
        counts.add_metric(labels, count)
    numbers = {
        (finding.kind, finding.column, number): value
        for finding in report.findings
        for number, value in finding.numbers.items()
    }
    for names, value in numbers.items():
        values.add_metric(names, value)
    yield from (counts, values)


@extends("routes")
def routes(service: "Service") -> "APIRouter":
    """No route of its own: a collector for /metrics."""
    from fastapi import APIRouter

    service.metrics.registry.register(MonitorCollector())
    return APIRouter()
