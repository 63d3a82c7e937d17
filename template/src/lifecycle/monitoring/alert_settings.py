"""What conf/alerts.yaml may hold."""

import re
from typing import Annotated, Self

from pydantic import Field, model_validator

from .. import configuration
from ..configuration import Settings


class Receiver(Settings):
    """Where the alerts of one severity go: any of these."""

    email: str | None = None
    slack: str | None = None  # a channel
    webhook: str | None = None  # an address


class Mail(Settings):
    """How mail is sent."""

    server: str
    sender: str = Field(alias="from")
    user: str | None = None


class Alert(Settings):
    """A rule for Prometheus, with the series by which promtool proves it."""

    name: Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9]+$")]
    severity: str
    summary: str
    expr: str
    wait: str = Field(alias="for")
    fires_on: dict[str, str] = Field(min_length=1)
    silent_on: dict[str, str] = Field(min_length=1)

    @property
    def page(self) -> str:
        """The file of its runbook, without ending: ErrorRateHigh is error-rate-high."""
        return re.sub(r"(?<!^)(?=[A-Z])", "-", self.name).lower()


class Alerts(Settings):
    """conf/alerts.yaml."""

    receivers: dict[str, Receiver | None] = Field(min_length=1)
    smtp: Mail
    runbooks: str
    alerts: list[Alert]

    @model_validator(mode="after")
    def names_and_severities(self) -> Self:
        """An alert's name is unique, and its severity has a receiver."""
        names = [alert.name for alert in self.alerts]
        for alert in self.alerts:
            if names.count(alert.name) > 1:
                raise ValueError(f"there are two alerts named {alert.name}")
            if alert.severity not in self.receivers:
                known = ", ".join(self.receivers)
                raise ValueError(f"{alert.name} has a severity other than {known}")
        return self

    def receiver(self, severity: str) -> Receiver:
        """Where the alerts of a severity go; nowhere if nothing is entered."""
        return self.receivers[severity] or Receiver()


def load() -> Alerts:
    """conf/alerts.yaml; raises Failure if it makes no sense."""
    return configuration.load(Alerts, "alerts")
