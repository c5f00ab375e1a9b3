"""AlertService: contract ↔ service."""

from datetime import timedelta

from google.protobuf.empty_pb2 import Empty
from libral.metrics.v1 import metrics_pb2, metrics_pb2_grpc

from services.kernel.calls import current_call
from services.kernel.messages import PageRequest, duration, parse_name, read_duration, timestamp
from services.kernel.rpc.field_masks import masked_fields
from services.kernel.rpc.pipeline import Context
from services.metrics.domain.alerts import AlertRule, Incident
from services.metrics.service.alert_rules import AlertRules
from services.metrics.service.incidents import Incidents

UPDATABLE = frozenset(
    {"display_name", "metric", "source", "comparison", "threshold", "hold", "severity", "disabled"}
)


class AlertServicer(metrics_pb2_grpc.AlertServiceServicer):
    """Serves alert rules and incidents."""

    def __init__(self, rules: AlertRules, incidents: Incidents) -> None:
        self._rules = rules
        self._incidents = incidents

    async def ListAlertRules(
        self, request: metrics_pb2.ListAlertRulesRequest, context: Context
    ) -> metrics_pb2.ListAlertRulesResponse:
        rules = await self._rules.list_rules()
        return metrics_pb2.ListAlertRulesResponse(alert_rules=map(rule_message, rules))

    async def CreateAlertRule(
        self, request: metrics_pb2.CreateAlertRuleRequest, context: Context
    ) -> metrics_pb2.AlertRule:
        return rule_message(await self._rules.create_rule(parse_rule(request.alert_rule)))

    async def UpdateAlertRule(
        self, request: metrics_pb2.UpdateAlertRuleRequest, context: Context
    ) -> metrics_pb2.AlertRule:
        wanted = request.alert_rule
        fields = masked_fields(request.update_mask, wanted, UPDATABLE)
        rule_id = parse_name(wanted.name, "alertRules", "alert_rule.name")
        given = parse_rule(wanted)
        changes = {name: getattr(given, name) for name in fields}
        return rule_message(await self._rules.update_rule(rule_id, changes))

    async def DeleteAlertRule(
        self, request: metrics_pb2.DeleteAlertRuleRequest, context: Context
    ) -> Empty:
        await self._rules.delete_rule(parse_name(request.name, "alertRules"))
        return Empty()

    async def ListIncidents(
        self, request: metrics_pb2.ListIncidentsRequest, context: Context
    ) -> metrics_pb2.ListIncidentsResponse:
        page = PageRequest(request, str)
        before = page.cursor[0] if page.cursor else None
        found = await self._incidents.list_incidents(request.state, before, page.limit)
        shown, token = page.split_page(found, lambda incident: [incident.id])
        return metrics_pb2.ListIncidentsResponse(
            incidents=map(incident_message, shown), next_page_token=token
        )

    async def AcknowledgeIncident(
        self, request: metrics_pb2.AcknowledgeIncidentRequest, context: Context
    ) -> metrics_pb2.Incident:
        incident_id = parse_name(request.name, "incidents")
        caller = current_call().caller.subject
        return incident_message(await self._incidents.acknowledge_incident(incident_id, caller))


def parse_rule(message: metrics_pb2.AlertRule) -> AlertRule:
    """Return a rule without an id."""
    hold = read_duration(message, "hold")
    return AlertRule(
        id="",
        display_name=message.display_name,
        metric=message.metric,
        source=message.source,
        comparison=message.comparison,
        threshold=message.threshold,
        hold=hold or timedelta(0),
        severity=message.severity,
        disabled=message.disabled,
    )


def rule_message(rule: AlertRule) -> metrics_pb2.AlertRule:
    return metrics_pb2.AlertRule(
        name=f"alertRules/{rule.id}",
        display_name=rule.display_name,
        metric=rule.metric,
        source=rule.source,
        comparison=metrics_pb2.AlertRule.Comparison.ValueType(rule.comparison),
        threshold=rule.threshold,
        hold=duration(rule.hold.total_seconds()),
        severity=metrics_pb2.AlertRule.Severity.ValueType(rule.severity),
        disabled=rule.disabled,
    )


def incident_message(incident: Incident) -> metrics_pb2.Incident:
    return metrics_pb2.Incident(
        name=f"incidents/{incident.id}",
        alert_rule=f"alertRules/{incident.alert_rule}",
        display_name=incident.display_name,
        severity=metrics_pb2.AlertRule.Severity.ValueType(incident.severity),
        state=metrics_pb2.Incident.State.ValueType(incident.state),
        value=incident.value,
        create_time=timestamp(incident.create_time),
        acknowledge_time=timestamp(incident.acknowledge_time),
        acknowledger=incident.acknowledger,
        resolve_time=timestamp(incident.resolve_time),
    )
