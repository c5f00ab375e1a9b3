import asyncio
from contextlib import aclosing, asynccontextmanager

import pytest
from sqlalchemy import text

from services.kernel.database.database import database_unavailable
from services.kernel.errors import NotFoundError
from services.metrics.adapters.health import HttpHealth, create_http_client
from services.metrics.adapters.processes import SupervisorClient
from services.metrics.domain.modules import ModuleState
from services.metrics.domain.reasons import ReasonCode
from services.metrics.domain.series import Sample, SeriesKey
from services.metrics.service import modules as module
from services.metrics.service.latest import LatestValues
from services.metrics.service.modules import ModuleMonitor


@pytest.fixture
def latest(clock) -> LatestValues:
    return LatestValues(clock)


@pytest.fixture
async def monitor(store, latest, page):
    """A monitor of one module, the status page."""
    async with create_http_client() as client:
        checks = {"gateway": HttpHealth(client, page.url)}
        yield ModuleMonitor(checks, None, latest, store.database, store.outbox, store.clock)


async def events(store) -> list[tuple]:
    query = text("SELECT type, level, subject, data FROM metrics.outbox ORDER BY sequence")
    async with store.database.reading() as connection:
        return [tuple(row) for row in await connection.execute(query)]


async def test_changes_of_state_are_published(store, monitor, page):
    assert monitor.get_module("gateway").state == ModuleState.UNKNOWN
    await monitor.check_all()
    assert (monitor.get_module("gateway").state, monitor.get_module("gateway").version) == (
        ModuleState.HEALTHY,
        "1.2",
    )
    page.status = "503 Service Unavailable"
    for _ in range(2):
        await monitor.check_all()
    assert monitor.get_module("gateway").reason.code == ReasonCode.CHECK_BAD_STATUS
    subject = "modules/gateway"
    assert await events(store) == [
        (
            "module.state_changed",
            2,
            subject,
            {"from": "UNKNOWN", "to": "HEALTHY", "reason": ""},
        ),
        (
            "module.state_changed",
            4,
            subject,
            {"from": "HEALTHY", "to": "ERROR", "reason": "The health check returned status 503."},
        ),
    ]


async def test_a_change_shows_though_it_cannot_be_published(store, monitor, monkeypatch):
    @asynccontextmanager
    async def fail():
        raise database_unavailable()
        yield

    monkeypatch.setattr(store.database, "transaction", fail)
    await monitor.check_all()
    assert monitor.get_module("gateway").state == ModuleState.HEALTHY


async def test_modules_are_followed(monitor, page, monkeypatch):
    async with aclosing(monitor.follow_modules()) as states:
        assert [one.state for one in await anext(states)] == [ModuleState.UNKNOWN]
        waiting = asyncio.create_task(anext(states))
        await monitor.check_all()
        assert [one.state for one in await waiting] == [ModuleState.HEALTHY]
        monkeypatch.setattr(module, "REPEAT_SECONDS", 0.05)
        assert [one.state for one in await anext(states)] == [ModuleState.HEALTHY]


async def test_what_a_module_elsewhere_uses_is_what_it_reports(monitor, latest, clock):
    samples = [("process.memory.usage", 1024.0), ("process.cpu.utilization", 0.25)]
    latest.add_samples(
        [Sample(SeriesKey(name, "gateway"), clock.now(), value) for name, value in samples]
    )
    latest.add_versions({"gateway": "2.0"})
    await monitor.check_all()
    found = monitor.get_module("gateway")
    assert (found.usage.memory_bytes, found.usage.cpu, found.version) == (1024, 0.25, "2.0")


async def test_a_module_that_does_not_exist_is_not_found(monitor):
    with pytest.raises(NotFoundError):
        monitor.get_module("none")


async def test_processes_of_the_process_manager_are_modules(store, latest, home):
    supervisor = SupervisorClient(str(home.socket))
    monitor = ModuleMonitor({}, supervisor, latest, store.database, store.outbox, store.clock)
    await monitor.check_all()
    [found] = monitor.list_modules()
    assert found.name == "sleeper"
    assert found.pid > 0
    assert found.usage.memory_bytes > 0
    await supervisor.stop_process("sleeper")
    await monitor.check_all()
    stopped = monitor.get_module("sleeper")
    assert (stopped.state, stopped.reason.code) == (ModuleState.STOPPED, ReasonCode.PROCESS_STOPPED)


async def test_checks_continue_without_the_process_manager(store, latest, page, tmp_path):
    supervisor = SupervisorClient(str(tmp_path / "none.sock"))
    async with create_http_client() as client:
        checks = {"gateway": HttpHealth(client, page.url)}
        monitor = ModuleMonitor(
            checks, supervisor, latest, store.database, store.outbox, store.clock
        )
        await monitor.check_all()
    assert [one.state for one in monitor.list_modules()] == [ModuleState.HEALTHY]
