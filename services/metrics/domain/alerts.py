"""Alert rules and incidents."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from services.kernel.errors import FailedPreconditionError, FieldViolation, InvalidArgumentError

NAME_MAX = 100
HOLD_MAX = timedelta(days=1)


class Comparison(IntEnum):
    """The values of `libral.metrics.v1.AlertRule.Comparison`."""

    ABOVE = 1
    BELOW = 2


class Severity(IntEnum):
    """The values of `libral.metrics.v1.AlertRule.Severity`."""

    INFO = 1
    WARNING = 2
    CRITICAL = 3


class IncidentState(IntEnum):
    """The values of `libral.metrics.v1.Incident.State`."""

    FIRING = 1
    ACKNOWLEDGED = 2
    RESOLVED = 3


@dataclass(frozen=True)
class AlertRule:
    """A condition on a metric. `hold` is how long it must hold before an incident opens.

    `comparison` and `severity` are plain integers because the request may hold any value;
    `check_rule` validates them.
    """

    id: str
    display_name: str
    metric: str
    source: str
    comparison: int
    threshold: float
    hold: timedelta
    severity: int
    disabled: bool

    def holds(self, value: float) -> bool:
        """True if the value is beyond the threshold."""
        if self.comparison == Comparison.ABOVE:
            return value > self.threshold
        return value < self.threshold


@dataclass(frozen=True)
class Incident:
    """A period in which the condition of a rule held. `value` is the value that opened it."""

    id: str
    alert_rule: str
    display_name: str
    severity: int
    state: int
    value: float
    create_time: datetime
    acknowledge_time: datetime | None = None
    acknowledger: str = ""
    resolve_time: datetime | None = None


def check_rule(rule: AlertRule) -> None:
    """Validate the fields of a rule.

    Raises:
        InvalidArgumentError: With every invalid field.
    """
    checks = (
        ("display_name", 0 < len(rule.display_name) <= NAME_MAX, "Use 1 to 100 characters."),
        ("metric", 0 < len(rule.metric) <= NAME_MAX, "Use 1 to 100 characters."),
        ("comparison", rule.comparison in set(Comparison), "It must be ABOVE or BELOW."),
        ("hold", timedelta(0) <= rule.hold <= HOLD_MAX, "It must be 0 s to a day."),
        ("severity", rule.severity in set(Severity), "It is required."),
    )
    found = [
        FieldViolation(f"alert_rule.{name}", text) for name, valid, text in checks if not valid
    ]
    if found:
        raise InvalidArgumentError(found)


def check_open(incident: Incident) -> None:
    """Check that an incident is not resolved.

    Raises:
        FailedPreconditionError: It is resolved.
    """
    if incident.state == IncidentState.RESOLVED:
        raise FailedPreconditionError(
            "INCIDENT_RESOLVED",
            "The incident is resolved.",
            localized="このインシデントはすでに復旧しています。",
        )
