import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from services.metrics import workers
from services.metrics.adapters.cache import CacheCollector, create_cache_client
from services.metrics.adapters.health import HttpHealth, create_http_client
from services.metrics.adapters.host import HostCollector
from services.metrics.adapters.postgresql import DatabaseCollector
from services.metrics.domain.alerts import AlertRule, Comparison, IncidentState, Severity
from services.metrics.domain.series import Sample, SeriesKey
from services.metrics.service.alert_rules import AlertRules
from services.metrics.service.incidents import Incidents
from services.metrics.service.infrastructure import InfrastructureMonitor
from services.metrics.service.latest import LatestValues
from services.metrics.service.modules import ModuleMonitor
from services.metrics.service.recorder import Recorder
from services.metrics.service.retention import MeasurementRetention
from services.metrics.storage.tables import POINTS
from tests.services.metrics.helpers import eventually

KEY = SeriesKey("cpu", "host")


@asynccontextmanager
async def running(loop):
    task = asyncio.create_task(loop)
    yield
    assert not task.done()
    task.cancel()
    await asyncio.wait({task})


@pytest.fixture
def latest(clock) -> LatestValues:
    return LatestValues(clock)


@pytest.fixture
async def monitor(store, latest, page):
    async with create_http_client() as client:
        checks = {"gateway": HttpHealth(client, page.url)}
        yield ModuleMonitor(checks, None, latest, store.database, store.outbox, store.clock)


async def count_points(store) -> int:
    async with store.database.reading() as connection:
        return await connection.scalar(select(func.count()).select_from(POINTS))


async def test_modules_are_checked_again_and_again(monitor, page, monkeypatch):
    monkeypatch.setattr(workers, "CHECK_SECONDS", 0.05)
    monkeypatch.setattr(workers, "CHECK_PAUSE_SECONDS", 0.0)

    async def requests() -> int:
        return len(page.requests)

    async with running(workers.check_modules(monitor)):
        await eventually(requests, lambda count: count >= 3)


async def test_checks_pause_however_long_they_take(monitor, page, monkeypatch):
    monkeypatch.setattr(workers, "CHECK_SECONDS", 0.0)
    monkeypatch.setattr(workers, "CHECK_PAUSE_SECONDS", 10.0)
    async with running(workers.check_modules(monitor)):
        await asyncio.sleep(0.3)
    assert len(page.requests) == 1


async def test_infrastructure_is_measured_again_and_again(
    store, clock, latest, redis_url, monkeypatch
):
    monkeypatch.setattr(workers, "MEASURE_SECONDS", 0.05)
    cache = create_cache_client(redis_url)
    infrastructure = InfrastructureMonitor(
        HostCollector(Path("/"), clock),
        DatabaseCollector(store.database, clock),
        CacheCollector(cache, clock),
        Recorder(store.database, latest),
        latest,
    )
    async with running(workers.measure_infrastructure(infrastructure)):
        first = await eventually(lambda: count_points(store), lambda count: count > 0)
        await eventually(lambda: count_points(store), lambda count: count > first)
    await cache.aclose()


async def test_alerts_are_evaluated_again_and_again(store, clock, latest, monkeypatch):
    monkeypatch.setattr(workers, "EVALUATE_SECONDS", 0.05)
    rule = AlertRule(
        "", "CPU", "cpu", "", Comparison.ABOVE, 0.9, timedelta(0), Severity.INFO, disabled=False
    )
    await AlertRules(store.database, clock).create_rule(rule)
    incidents = Incidents(latest, store.database, store.outbox, clock)

    async def states() -> list[int]:
        return [one.state for one in await incidents.list_incidents(0, None, 10)]

    async with running(workers.evaluate_alerts(incidents)):
        latest.add_samples([Sample(KEY, clock.now(), 1.0)])
        await eventually(states, lambda found: found == [IncidentState.FIRING])
        latest.add_samples([Sample(KEY, clock.now(), 0.0)])
        await eventually(states, lambda found: found == [IncidentState.RESOLVED])


async def test_old_measurements_are_deleted_again_and_again(store, clock, latest, monkeypatch):
    monkeypatch.setattr(workers, "DELETE_SECONDS", 0.05)
    recorder = Recorder(store.database, latest)
    old = Sample(KEY, clock.now() - timedelta(days=8), 1.0)
    async with running(
        workers.delete_old_measurements(MeasurementRetention(store.database, clock))
    ):
        for _ in range(2):
            await recorder.record_measurements([old])
            await eventually(lambda: count_points(store), lambda count: count == 0)
