"""AlertService."""

from dataclasses import replace
from typing import Any

from google.protobuf.empty_pb2 import Empty
from libral.metrics.v1 import metrics_pb2, metrics_pb2_grpc

from services.kernel.calls import audit_subject, current_call
from services.kernel.clock import new_id
from services.kernel.errors import (
    FailedPreconditionError,
    FieldViolation,
    InvalidArgumentError,
    NotFoundError,
    invalid,
)
from services.kernel.messages import decode_token, encode_token, page_size
from services.kernel.rpc.field_masks import masked_fields
from services.kernel.server import Kernel
from services.metrics import storage
from services.metrics.domain import AlertRule
from services.metrics.servicer.messages import Context, read_span, span, stamp
from services.metrics.storage import Incident

NAME_MAX = 100
UPDATABLE = frozenset(
    {"display_name", "metric", "source", "comparison", "threshold", "hold", "severity", "disabled"}
)


class AlertServicer(metrics_pb2_grpc.AlertServiceServicer):
    """Serves alert rules and incidents."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._database = kernel.database

    async def ListAlertRules(
        self, request: metrics_pb2.ListAlertRulesRequest, context: Context
    ) -> metrics_pb2.ListAlertRulesResponse:
        async with self._database.reading() as connection:
            rules = await storage.list_rules(connection)
        return metrics_pb2.ListAlertRulesResponse(alert_rules=map(rule_message, rules))

    async def CreateAlertRule(
        self, request: metrics_pb2.CreateAlertRuleRequest, context: Context
    ) -> metrics_pb2.AlertRule:
        rule = parse_rule(request.alert_rule, str(new_id(self._kernel.clock)))
        check_rule(rule)
        audit_subject(f"alertRules/{rule.id}")
        async with self._database.transaction() as connection:
            await storage.insert_rule(connection, rule)
        return rule_message(rule)

    async def UpdateAlertRule(
        self, request: metrics_pb2.UpdateAlertRuleRequest, context: Context
    ) -> metrics_pb2.AlertRule:
        wanted = request.alert_rule
        fields = masked_fields(request.update_mask, wanted, UPDATABLE)
        rule_id = parse_name(wanted.name, "alertRules", "alert_rule.name")
        given = parse_rule(wanted, rule_id)
        values: dict[str, Any] = {name: getattr(given, name) for name in fields}
        async with self._database.transaction() as connection:
            before = await storage.find_rule(connection, rule_id)
            if before is None:
                raise NotFoundError("alert rule", wanted.name)
            check_rule(replace(before, **values))
            after = await storage.update_rule(connection, rule_id, values) if values else before
        return rule_message(after or before)

    async def DeleteAlertRule(
        self, request: metrics_pb2.DeleteAlertRuleRequest, context: Context
    ) -> Empty:
        rule_id = parse_name(request.name, "alertRules", "name")
        async with self._database.transaction() as connection:
            if not await storage.delete_rule(connection, rule_id):
                raise NotFoundError("alert rule", request.name)
        return Empty()

    async def ListIncidents(
        self, request: metrics_pb2.ListIncidentsRequest, context: Context
    ) -> metrics_pb2.ListIncidentsResponse:
        size, cursor = page_size(request), decode_token(request, 1)
        before = str(cursor[0]) if cursor else None
        async with self._database.reading() as connection:
            incidents = await storage.list_incidents(connection, request.state, before, size + 1)
        response = metrics_pb2.ListIncidentsResponse(
            incidents=map(incident_message, incidents[:size])
        )
        if len(incidents) > size:
            response.next_page_token = encode_token(request, [incidents[size - 1].id])
        return response

    async def AcknowledgeIncident(
        self, request: metrics_pb2.AcknowledgeIncidentRequest, context: Context
    ) -> metrics_pb2.Incident:
        incident_id = parse_name(request.name, "incidents", "name")
        async with self._database.transaction() as connection:
            incident = await storage.find_incident(connection, incident_id)
            if incident is None:
                raise NotFoundError("incident", request.name)
            if incident.state == storage.RESOLVED:
                raise FailedPreconditionError(
                    "INCIDENT_RESOLVED",
                    "The incident is over.",
                    localized="このインシデントはすでに復旧しています。",
                )
            if incident.state == storage.FIRING:
                values = {
                    "state": storage.ACKNOWLEDGED,
                    "acknowledge_time": self._kernel.clock.now(),
                    "acknowledger": current_call().caller.subject,
                }
                changed = await storage.update_incident(connection, incident_id, **values)
                incident = changed or incident
        return incident_message(incident)


def parse_name(name: str, collection: str, field: str) -> str:
    head, _, tail = name.partition("/")
    if head != collection or not tail:
        raise invalid(field, f"It must be {collection}/{{id}}.")
    return tail


def parse_rule(message: metrics_pb2.AlertRule, rule_id: str) -> AlertRule:
    hold = read_span(message, "hold")
    return AlertRule(
        id=rule_id,
        display_name=message.display_name,
        metric=message.metric,
        source=message.source,
        comparison=message.comparison,
        threshold=message.threshold,
        hold=hold or storage.KEPT * 0,
        severity=message.severity,
        disabled=message.disabled,
    )


def check_rule(rule: AlertRule) -> None:
    """Checks a rule.

    Raises:
        InvalidArgumentError: With every field that breaks a rule.
    """
    found = [
        FieldViolation(f"alert_rule.{name}", text)
        for name, broken, text in (
            (
                "display_name",
                not 0 < len(rule.display_name) <= NAME_MAX,
                "Use 1 to 100 characters.",
            ),
            ("metric", not 0 < len(rule.metric) <= NAME_MAX, "Use 1 to 100 characters."),
            ("comparison", rule.comparison not in {1, 2}, "It must be ABOVE or BELOW."),
            ("hold", not 0 <= rule.hold.total_seconds() <= 86400, "It must be 0 s to a day."),  # noqa: PLR2004 - a day
            ("severity", rule.severity not in {1, 2, 3}, "It is required."),
        )
        if broken
    ]
    if found:
        raise InvalidArgumentError(found)


def rule_message(rule: AlertRule) -> metrics_pb2.AlertRule:
    return metrics_pb2.AlertRule(
        name=f"alertRules/{rule.id}",
        display_name=rule.display_name,
        metric=rule.metric,
        source=rule.source,
        comparison=metrics_pb2.AlertRule.Comparison.ValueType(rule.comparison),
        threshold=rule.threshold,
        hold=span(rule.hold.total_seconds()),
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
        create_time=stamp(incident.create_time),
        acknowledge_time=stamp(incident.acknowledge_time),
        acknowledger=incident.acknowledger,
        resolve_time=stamp(incident.resolve_time),
    )
