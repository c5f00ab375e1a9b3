"""Holds the newest values against the alert rules every 5 seconds."""

import asyncio
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.kernel.clock import Clock, new_id
from services.kernel.database.database import Database
from services.kernel.events.event import Category, Level, NewEvent
from services.kernel.events.outbox import Outbox
from services.metrics import storage
from services.metrics.domain import AlertRule
from services.metrics.storage import Incident
from services.metrics.worker.recorder import Recorder

INTERVAL_SECONDS = 5.0
SEVERITY_LEVELS = {1: Level.INFO, 2: Level.WARNING, 3: Level.ERROR}


class Alerts:
    """Opens an incident when a condition has held long enough, and resolves it when it is over.

    A value that is missing neither opens nor resolves.
    """

    def __init__(
        self, recorder: Recorder, database: Database, outbox: Outbox, clock: Clock
    ) -> None:
        self._recorder = recorder
        self._database = database
        self._outbox = outbox
        self._clock = clock
        self._since: dict[str, datetime] = {}

    async def run(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            await self.evaluate()

    async def evaluate(self) -> None:
        now = self._clock.now()
        async with self._database.transaction() as connection:
            rules = {rule.id: rule for rule in await storage.list_rules(connection)}
            incidents = await storage.open_incidents(connection)
            for rule in rules.values():
                await self._evaluate(connection, rule, incidents.get(rule.id), now)
            for rule_id, incident in incidents.items():
                if rule_id not in rules or rules[rule_id].disabled:
                    await self._resolve(connection, incident, now)

    async def _evaluate(
        self,
        connection: AsyncConnection,
        rule: AlertRule,
        incident: Incident | None,
        now: datetime,
    ) -> None:
        sample = self._recorder.value_of(rule.metric, rule.source)
        if rule.disabled or sample is None:
            self._since.pop(rule.id, None)
            return
        if not rule.holds(sample.value):
            self._since.pop(rule.id, None)
            if incident is not None:
                await self._resolve(connection, incident, now)
            return
        since = self._since.setdefault(rule.id, now)
        if incident is None and now - since >= rule.hold:
            await self._open(connection, rule, sample.value, now)

    async def _open(
        self, connection: AsyncConnection, rule: AlertRule, value: float, now: datetime
    ) -> None:
        incident = Incident(
            id=str(new_id(self._clock)),
            alert_rule=rule.id,
            display_name=rule.display_name,
            severity=rule.severity,
            state=storage.FIRING,
            value=value,
            create_time=now,
        )
        await storage.insert_incident(connection, incident)
        level = SEVERITY_LEVELS[rule.severity]
        await self._publish(connection, "incident.opened", incident, level, value=value)

    async def _resolve(
        self, connection: AsyncConnection, incident: Incident, now: datetime
    ) -> None:
        await storage.update_incident(
            connection, incident.id, state=storage.RESOLVED, resolve_time=now
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
