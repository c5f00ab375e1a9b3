from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from services.kernel.errors import FailedPreconditionError, NotFoundError
from services.metrics.domain.alerts import AlertRule, Comparison, IncidentState, Severity
from services.metrics.domain.series import Sample, SeriesKey
from services.metrics.service.alert_rules import AlertRules
from services.metrics.service.incidents import Incidents
from services.metrics.service.latest import LatestValues

HOLD = timedelta(seconds=10)
DRAFT = AlertRule(
    "", "CPU", "cpu", "", Comparison.ABOVE, 0.9, HOLD, Severity.CRITICAL, disabled=False
)


class AlertScenario:
    """A rule, and a metric whose value a test sets."""

    def __init__(self, store, clock) -> None:
        self._store = store
        self._clock = clock
        self._latest = LatestValues(clock)
        self.rules = AlertRules(store.database, clock)
        self.incidents = Incidents(self._latest, store.database, store.outbox, clock)

    async def pass_seconds(self, seconds: float, value: float | None) -> list:
        self._clock.time += timedelta(seconds=seconds)
        if value is not None:
            self._latest.add_samples([Sample(SeriesKey("cpu", "host"), self._clock.now(), value)])
        await self.incidents.evaluate_rules()
        return await self.incidents.list_incidents(0, None, 10)

    async def events(self) -> list[tuple[str, int]]:
        query = text("SELECT type, level FROM metrics.outbox ORDER BY sequence")
        async with self._store.database.reading() as connection:
            return [tuple(row) for row in await connection.execute(query)]


@pytest.fixture
def scenario(store, clock) -> AlertScenario:
    return AlertScenario(store, clock)


async def test_an_incident_opens_after_the_hold_and_resolves(scenario):
    rule = await scenario.rules.create_rule(DRAFT)
    assert await scenario.pass_seconds(0, 0.95) == []
    assert await scenario.pass_seconds(9, 0.95) == []
    [opened] = await scenario.pass_seconds(1, 0.99)
    assert (opened.alert_rule, opened.state, opened.value) == (rule.id, IncidentState.FIRING, 0.99)
    assert await scenario.pass_seconds(1, 0.99) == [opened]
    [resolved] = await scenario.pass_seconds(1, 0.5)
    assert resolved.state == IncidentState.RESOLVED
    assert resolved.resolve_time > resolved.create_time
    assert await scenario.events() == [("incident.opened", 4), ("incident.resolved", 2)]


async def test_a_value_below_the_threshold_restarts_the_hold(scenario):
    await scenario.rules.create_rule(DRAFT)
    await scenario.pass_seconds(0, 0.95)
    await scenario.pass_seconds(5, 0.5)
    assert await scenario.pass_seconds(5, 0.95) == []
    assert len(await scenario.pass_seconds(10, 0.95)) == 1


async def test_a_missing_value_neither_opens_nor_resolves(scenario):
    await scenario.rules.create_rule(replace(DRAFT, hold=timedelta(0)))
    [opened] = await scenario.pass_seconds(0, 0.95)
    assert await scenario.pass_seconds(60, None) == [opened]


@pytest.mark.parametrize("change", ["disable", "delete"])
async def test_an_incident_ends_with_its_rule(scenario, change):
    rule = await scenario.rules.create_rule(replace(DRAFT, hold=timedelta(0)))
    await scenario.pass_seconds(0, 0.95)
    if change == "disable":
        await scenario.rules.update_rule(rule.id, {"disabled": True})
    else:
        await scenario.rules.delete_rule(rule.id)
    [incident] = await scenario.pass_seconds(1, 0.95)
    assert incident.state == IncidentState.RESOLVED


async def test_an_incident_is_acknowledged_once(scenario):
    await scenario.rules.create_rule(replace(DRAFT, hold=timedelta(0)))
    [opened] = await scenario.pass_seconds(0, 0.95)
    first = await scenario.incidents.acknowledge_incident(opened.id, "users/1")
    assert (first.state, first.acknowledger) == (IncidentState.ACKNOWLEDGED, "users/1")
    assert await scenario.incidents.acknowledge_incident(opened.id, "users/2") == first
    await scenario.pass_seconds(1, 0.5)
    with pytest.raises(FailedPreconditionError):
        await scenario.incidents.acknowledge_incident(opened.id, "users/1")
    with pytest.raises(NotFoundError):
        await scenario.incidents.acknowledge_incident("none", "users/1")
