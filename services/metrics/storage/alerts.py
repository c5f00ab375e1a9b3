"""Alert rules and incidents in PostgreSQL."""

from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.metrics.domain.alerts import AlertRule, Incident, IncidentState
from services.metrics.storage.tables import ALERT_RULES, INCIDENTS


async def list_rules(connection: AsyncConnection) -> list[AlertRule]:
    rows = await connection.execute(select(ALERT_RULES).order_by(ALERT_RULES.c.id))
    return [AlertRule(**row) for row in rows.mappings()]


async def insert_rule(connection: AsyncConnection, rule: AlertRule) -> None:
    await connection.execute(insert(ALERT_RULES).values(**vars(rule)))


async def update_rule(
    connection: AsyncConnection, rule_id: str, values: dict[str, Any]
) -> AlertRule | None:
    statement = update(ALERT_RULES).where(ALERT_RULES.c.id == rule_id).values(**values)
    rows = await connection.execute(statement.returning(ALERT_RULES))
    row = rows.mappings().one_or_none()
    return None if row is None else AlertRule(**row)


async def find_rule(connection: AsyncConnection, rule_id: str) -> AlertRule | None:
    rows = await connection.execute(select(ALERT_RULES).where(ALERT_RULES.c.id == rule_id))
    row = rows.mappings().one_or_none()
    return None if row is None else AlertRule(**row)


async def delete_rule(connection: AsyncConnection, rule_id: str) -> bool:
    done = await connection.execute(delete(ALERT_RULES).where(ALERT_RULES.c.id == rule_id))
    return done.rowcount > 0


async def list_open_incidents(connection: AsyncConnection) -> dict[str, Incident]:
    """Return the incidents that are not resolved, by rule id."""
    rows = await connection.execute(
        select(INCIDENTS).where(INCIDENTS.c.state != IncidentState.RESOLVED)
    )
    return {row["alert_rule"]: Incident(**row) for row in rows.mappings()}


async def insert_incident(connection: AsyncConnection, incident: Incident) -> None:
    await connection.execute(insert(INCIDENTS).values(**vars(incident)))


async def update_incident(
    connection: AsyncConnection, incident_id: str, **values: Any
) -> Incident | None:
    statement = update(INCIDENTS).where(INCIDENTS.c.id == incident_id).values(**values)
    rows = await connection.execute(statement.returning(INCIDENTS))
    row = rows.mappings().one_or_none()
    return None if row is None else Incident(**row)


async def lock_incident(connection: AsyncConnection, incident_id: str) -> Incident | None:
    """Return an incident, locked until the transaction ends."""
    query = select(INCIDENTS).where(INCIDENTS.c.id == incident_id).with_for_update()
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else Incident(**row)


async def list_incidents(
    connection: AsyncConnection, state: int, before: str | None, limit: int
) -> list[Incident]:
    """Return incidents older than the id `before`, newest first. State 0 selects all.

    Ids sort by creation time.
    """
    query = select(INCIDENTS).order_by(INCIDENTS.c.id.desc()).limit(limit)
    if state:
        query = query.where(INCIDENTS.c.state == state)
    if before is not None:
        query = query.where(INCIDENTS.c.id < before)
    return [Incident(**row) for row in (await connection.execute(query)).mappings()]
