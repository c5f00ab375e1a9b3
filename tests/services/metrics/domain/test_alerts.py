from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from libral.metrics.v1 import metrics_pb2

from services.kernel.errors import FailedPreconditionError, InvalidArgumentError
from services.metrics.domain.alerts import (
    AlertRule,
    Comparison,
    Incident,
    IncidentState,
    Severity,
    check_open,
    check_rule,
)

RULE = AlertRule(
    id="1",
    display_name="CPU",
    metric="system.cpu.utilization",
    source="",
    comparison=Comparison.ABOVE,
    threshold=0.9,
    hold=timedelta(0),
    severity=Severity.WARNING,
    disabled=False,
)


@pytest.mark.parametrize(
    ("ours", "contract"),
    [
        (Comparison, metrics_pb2.AlertRule.Comparison),
        (Severity, metrics_pb2.AlertRule.Severity),
        (IncidentState, metrics_pb2.Incident.State),
    ],
)
def test_the_values_are_those_of_the_contract(ours, contract):
    values = dict(contract.items())
    assert {one.name: one.value for one in ours} == {
        name: value for name, value in values.items() if value
    }


@pytest.mark.parametrize(
    ("comparison", "value", "expected"),
    [
        (Comparison.ABOVE, 0.91, True),
        (Comparison.ABOVE, 0.9, False),
        (Comparison.BELOW, 0.89, True),
        (Comparison.BELOW, 0.9, False),
    ],
)
def test_a_condition_holds_beyond_the_threshold(comparison, value, expected):
    assert replace(RULE, comparison=comparison).holds(value) is expected


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"display_name": ""}, "display_name"),
        ({"display_name": "x" * 101}, "display_name"),
        ({"metric": ""}, "metric"),
        ({"comparison": 0}, "comparison"),
        ({"hold": timedelta(seconds=-1)}, "hold"),
        ({"hold": timedelta(days=1, seconds=1)}, "hold"),
        ({"severity": 4}, "severity"),
    ],
)
def test_a_bad_field_of_a_rule_is_named(changes, field):
    check_rule(RULE)
    with pytest.raises(InvalidArgumentError) as failure:
        check_rule(replace(RULE, **changes))
    assert [one.field for one in failure.value.violations] == [f"alert_rule.{field}"]


def test_all_bad_fields_are_named_together():
    with pytest.raises(InvalidArgumentError) as failure:
        check_rule(replace(RULE, metric="", severity=0))
    assert [one.field for one in failure.value.violations] == [
        "alert_rule.metric",
        "alert_rule.severity",
    ]


def test_a_resolved_incident_cannot_be_acknowledged():
    incident = Incident(
        "1", "1", "CPU", 2, IncidentState.ACKNOWLEDGED, 1.0, datetime(2026, 1, 1, tzinfo=UTC)
    )
    check_open(incident)
    with pytest.raises(FailedPreconditionError) as failure:
        check_open(replace(incident, state=IncidentState.RESOLVED))
    assert failure.value.reason == "INCIDENT_RESOLVED"
