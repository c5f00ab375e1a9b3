from datetime import UTC, datetime, timedelta

from services.metrics.domain.alerts import (
    AlertRule,
    Comparison,
    Incident,
    IncidentState,
    Severity,
)
from services.metrics.storage import alerts as storage

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOLD = timedelta(seconds=90)
RULE = AlertRule(
    "1", "CPU", "cpu", "host", Comparison.ABOVE, 0.9, HOLD, Severity.INFO, disabled=False
)


def incident(number: int, state: IncidentState = IncidentState.FIRING) -> Incident:
    return Incident(str(number), f"rule-{number}", "CPU", Severity.INFO, state, 0.95, NOW)


async def test_a_rule_is_read_as_it_was_written(store):
    async with store.database.transaction() as connection:
        await storage.insert_rule(connection, RULE)
        assert await storage.find_rule(connection, "1") == RULE
        assert await storage.list_rules(connection) == [RULE]
        changed = await storage.update_rule(connection, "1", {"threshold": 0.5})
        assert changed.threshold == 0.5
        assert await storage.find_rule(connection, "1") == changed
        assert await storage.delete_rule(connection, "1")
        assert not await storage.delete_rule(connection, "1")
        assert await storage.find_rule(connection, "1") is None
        assert await storage.update_rule(connection, "1", {"threshold": 0.5}) is None


async def test_incidents_are_listed_from_the_newest_on(store):
    async with store.database.transaction() as connection:
        for number in (1, 2, 3):
            await storage.insert_incident(connection, incident(number))
        resolved = await storage.update_incident(
            connection, "2", state=IncidentState.RESOLVED, resolve_time=NOW
        )
        assert resolved.resolve_time == NOW
        assert await storage.lock_incident(connection, "2") == resolved
        assert await storage.lock_incident(connection, "9") is None
        assert await storage.update_incident(connection, "9", state=3) is None

        async def ids(state: int, before: str | None, limit: int) -> list[str]:
            found = await storage.list_incidents(connection, state, before, limit)
            return [one.id for one in found]

        assert await ids(0, None, 2) == ["3", "2"]
        assert await ids(0, "2", 2) == ["1"]
        assert await ids(IncidentState.FIRING, None, 9) == ["3", "1"]
        assert await storage.list_open_incidents(connection) == {
            "rule-1": incident(1),
            "rule-3": incident(3),
        }
