"""Audit events of module actions and alert rules."""

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from libral.metrics.v1 import metrics_pb2, metrics_pb2_grpc

from services.metrics.__main__ import build
from tests.services.helpers import AuditTrail, audited_methods, eventually

RULE = metrics_pb2.AlertRule(
    display_name="CPU",
    metric="system.memory.utilization",
    comparison=metrics_pb2.AlertRule.ABOVE,
    threshold=-1,
    hold=Duration(),
    severity=metrics_pb2.AlertRule.WARNING,
)


@pytest.fixture
async def service(mesh, environment, home, operator):
    environment = environment | {"LIBRAL_SUPERVISOR_SOCKET": str(home.socket)}
    return await mesh.start("metrics", build, environment, users_target=operator.users_target)


@pytest.fixture
async def trail(service) -> AuditTrail:
    trail = AuditTrail(service)
    await trail.all()
    return trail


@pytest.fixture
def modules(mesh, service, operator):
    stub = metrics_pb2_grpc.ModuleServiceStub(mesh.anonymous_channel(service))

    def act(action: str, name: str = "modules/sleeper"):
        request = getattr(metrics_pb2, f"{action}ModuleRequest")(name=name)
        return getattr(stub, f"{action}Module")(request, metadata=operator.metadata)

    return act


@pytest.fixture
def alerts(mesh, service, operator):
    stub = metrics_pb2_grpc.AlertServiceStub(mesh.anonymous_channel(service))
    return lambda method, request: getattr(stub, method)(request, metadata=operator.metadata)


@pytest.fixture
async def _ready(service, channel):
    stub = metrics_pb2_grpc.ModuleServiceStub(channel)

    async def seen() -> bool:
        found = await stub.ListModules(metrics_pb2.ListModulesRequest())
        return any(one.name == "modules/sleeper" and one.pid for one in found.modules)

    await eventually(seen)


@pytest.mark.usefixtures("_ready")
async def test_each_audited_method_has_one_audit_event(modules, alerts, trail, operator):
    for action in ("Restart", "Stop", "Start"):
        _, event = await trail.of(modules(action))
        assert (event.subject, event.actor) == ("modules/sleeper", operator.name)
        assert event.data["session"] == operator.session
    rule, event = await trail.of(
        alerts("CreateAlertRule", metrics_pb2.CreateAlertRuleRequest(alert_rule=RULE))
    )
    assert event.subject == rule.name
    rule.threshold = -2
    update = metrics_pb2.UpdateAlertRuleRequest(
        alert_rule=rule, update_mask=FieldMask(paths=["threshold"])
    )
    _, event = await trail.of(alerts("UpdateAlertRule", update))
    assert event.subject == rule.name
    incident = await fired(alerts)
    acknowledge = metrics_pb2.AcknowledgeIncidentRequest(name=incident)
    _, event = await trail.of(alerts("AcknowledgeIncident", acknowledge))
    assert event.subject == incident
    delete = metrics_pb2.DeleteAlertRuleRequest(name=rule.name)
    _, event = await trail.of(alerts("DeleteAlertRule", delete))
    assert event.subject == rule.name
    services = ("ModuleService", "AlertService", "MetricService", "InfrastructureService")
    assert trail.methods == audited_methods(*(f"libral.metrics.v1.{one}" for one in services))


async def fired(alerts) -> str:
    found = []

    async def holds() -> bool:
        found[:] = (await alerts("ListIncidents", metrics_pb2.ListIncidentsRequest())).incidents
        return bool(found)

    await eventually(holds, 20)
    return found[0].name


@pytest.mark.usefixtures("_ready")
async def test_what_did_not_happen_is_a_failure(modules, trail):
    event = await trail.of_failure(modules("Start"), "FAILED_PRECONDITION", "ACTION_NOT_AVAILABLE")
    assert event.subject == "modules/sleeper"
    await trail.of_failure(modules("Stop", "modules/none"), "NOT_FOUND", "MODULE_NOT_FOUND")
