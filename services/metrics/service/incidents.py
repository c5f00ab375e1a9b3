"""Incidents: evaluation of alert rules, and acknowledgement."""

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.kernel.clock import Clock, new_id
from services.kernel.database.database import Database
from services.kernel.errors import NotFoundError
from services.kernel.events.event import Category, Level, NewEvent
from services.kernel.events.outbox import Outbox
from services.metrics.domain.alerts import (
    AlertRule,
    Incident,
    IncidentState,
    Severity,
    check_open,
)
from services.metrics.service.latest import LatestValues
from services.metrics.storage import alerts as storage

LEVELS = {
    Severity.INFO: Level.INFO,
    Severity.WARNING: Level.WARNING,
    Severity.CRITICAL: Level.ERROR,
}


class Incidents:
    """Opens, resolves, acknowledges and lists incidents.

    An incident opens when the condition of a rule has held for `hold`, and resolves when it no
    longer holds. A missing value neither opens nor resolves an incident.
    """

    def __init__(
        self, latest: LatestValues, database: Database, outbox: Outbox, clock: Clock
    ) -> None:
        self._latest = latest
        self._database = database
        self._outbox = outbox
        self._clock = clock
        self._since: dict[str, datetime] = {}

    async def list_incidents(self, state: int, before: str | None, limit: int) -> list[Incident]:
        """Return incidents older than the id `before`, newest first. State 0 selects all."""
        async with self._database.reading() as connection:
            return await storage.list_incidents(connection, state, before, limit)

    async def acknowledge_incident(self, incident_id: str, acknowledger: str) -> Incident:
        """Acknowledge an incident. An acknowledged incident stays unchanged.

        Raises:
            NotFoundError: There is no such incident.
            FailedPreconditionError: It is resolved.
        """
        async with self._database.transaction() as connection:
            incident = await storage.lock_incident(connection, incident_id)
            if incident is None:
                raise NotFoundError("incident", f"incidents/{incident_id}")
            check_open(incident)
            if incident.state == IncidentState.FIRING:
                changed = await storage.update_incident(
                    connection,
                    incident_id,
                    state=IncidentState.ACKNOWLEDGED,
                    acknowledge_time=self._clock.now(),
                    acknowledger=acknowledger,
                )
                incident = changed or incident
        return incident

    async def evaluate_rules(self) -> None:
        """Evaluate all rules on the newest values, and open and resolve incidents.

        Raises:
            UnavailableError: The database is unavailable.
        """
        now = self._clock.now()
        async with self._database.transaction() as connection:
            rules = {rule.id: rule for rule in await storage.list_rules(connection)}
            incidents = await storage.list_open_incidents(connection)
            for rule in rules.values():
                await self._evaluate_rule(connection, rule, incidents.get(rule.id), now)
            for rule_id, incident in incidents.items():
                if rule_id not in rules or rules[rule_id].disabled:
                    await self._resolve_incident(connection, incident, now)

    async def _evaluate_rule(
        self,
        connection: AsyncConnection,
        rule: AlertRule,
        incident: Incident | None,
        now: datetime,
    ) -> None:
        sample = self._latest.find_sample(rule.metric, rule.source)
        if rule.disabled or sample is None:
            self._since.pop(rule.id, None)
            return
        if not rule.holds(sample.value):
            self._since.pop(rule.id, None)
            if incident is not None:
                await self._resolve_incident(connection, incident, now)
            return
        since = self._since.setdefault(rule.id, now)
        if incident is None and now - since >= rule.hold:
            await self._open_incident(connection, rule, sample.value, now)

    async def _open_incident(
        self, connection: AsyncConnection, rule: AlertRule, value: float, now: datetime
    ) -> None:
        incident = Incident(
            id=str(new_id(self._clock)),
            alert_rule=rule.id,
            display_name=rule.display_name,
            severity=rule.severity,
            state=IncidentState.FIRING,
            value=value,
            create_time=now,
        )
        await storage.insert_incident(connection, incident)
        level = LEVELS[Severity(rule.severity)]
        await self._publish(connection, "incident.opened", incident, level, value=value)

    async def _resolve_incident(
        self, connection: AsyncConnection, incident: Incident, now: datetime
    ) -> None:
        await storage.update_incident(
            connection, incident.id, state=IncidentState.RESOLVED, resolve_time=now
        )
        await self._publish(connection, "incident.resolved", incident, Level.INFO)

    async def _publish(
        self,
        connection: AsyncConnection,
        event_type: str,
        incident: Incident,
        level: Level,
        **data: Any,
    ) -> None:
        event = NewEvent(
            event_type,
            Category.SYSTEM,
            level=level,
            subject=f"incidents/{incident.id}",
            actor="services/metrics",
            data={"displayName": incident.display_name, **data},
        )
        await self._outbox.publish(connection, event)
