import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from libral.metrics.v1 import metrics_pb2
from libral.metrics.v1 import metrics_pb2_grpc as contract

from services.metrics import workers
from services.metrics.__main__ import build
from tests.services.helpers import refused
from tests.services.metrics.helpers import eventually

RULE = metrics_pb2.AlertRule(
    display_name="Memory",
    metric="system.memory.utilization",
    comparison=metrics_pb2.AlertRule.BELOW,
    threshold=2,
    severity=metrics_pb2.AlertRule.CRITICAL,
)


async def test_alert_opens_and_can_be_acknowledged_by_operators_only(channel, metrics):
    with refused("PERMISSION_DENIED"):
        await contract.AlertServiceStub(channel).CreateAlertRule(
            metrics_pb2.CreateAlertRuleRequest()
        )


@pytest.fixture
async def call(mesh, environment, operator):
    """Call a method of AlertService as an operator."""
    service = await mesh.start("metrics", build, environment, users_target=operator.users_target)
    stub = contract.AlertServiceStub(mesh.anonymous_channel(service))

    def call(method: str, **fields):
        request = getattr(metrics_pb2, f"{method}Request")(**fields)
        return getattr(stub, method)(request, metadata=operator.metadata)

    return call


async def test_rules_are_created_changed_and_deleted(call):
    rule = await call("CreateAlertRule", alert_rule=RULE)
    assert rule.name.startswith("alertRules/")
    assert (rule.display_name, rule.threshold, rule.severity) == ("Memory", 2.0, RULE.severity)
    changed = metrics_pb2.AlertRule(name=rule.name, display_name="Less", threshold=0.5)
    mask = FieldMask(paths=["threshold"])
    updated = await call("UpdateAlertRule", alert_rule=changed, update_mask=mask)
    assert (updated.display_name, updated.threshold) == ("Memory", 0.5)
    listed = await call("ListAlertRules")
    assert list(listed.alert_rules) == [updated]
    await call("DeleteAlertRule", name=rule.name)
    assert list((await call("ListAlertRules")).alert_rules) == []


async def test_bad_rules_are_refused(call):
    with refused("INVALID_ARGUMENT", fields=["alert_rule.metric", "alert_rule.severity"]):
        bad = metrics_pb2.AlertRule(display_name="x", comparison=metrics_pb2.AlertRule.ABOVE)
        await call("CreateAlertRule", alert_rule=bad)
    with refused("INVALID_ARGUMENT", fields=["alert_rule.name"]):
        await call("UpdateAlertRule", alert_rule=RULE)
    with refused("NOT_FOUND", "ALERT_RULE_NOT_FOUND"):
        await call("DeleteAlertRule", name="alertRules/none")


async def test_incidents_are_paged_and_acknowledged(call, monkeypatch):
    monkeypatch.setattr(workers, "EVALUATE_SECONDS", 0.1)
    for _ in range(2):
        await call("CreateAlertRule", alert_rule=RULE)

    async def incidents():
        return (await call("ListIncidents")).incidents

    found = await eventually(incidents, lambda found: len(found) == 2, seconds=15)
    first = await call("ListIncidents", page_size=1)
    assert list(first.incidents) == [found[0]]
    second = await call("ListIncidents", page_size=1, page_token=first.next_page_token)
    assert list(second.incidents) == [found[1]]
    assert second.next_page_token == ""
    seen = await call("AcknowledgeIncident", name=found[0].name)
    assert seen.state == metrics_pb2.Incident.ACKNOWLEDGED
    assert seen.acknowledger.startswith("users/")
    firing = metrics_pb2.Incident.FIRING
    assert list((await call("ListIncidents", state=firing)).incidents) == [found[1]]
    with refused("NOT_FOUND", "INCIDENT_NOT_FOUND"):
        await call("AcknowledgeIncident", name="incidents/none")
