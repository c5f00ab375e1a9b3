import asyncio
import signal

import pytest

from services.kernel.errors import FailedPreconditionError, NotFoundError, UnavailableError
from services.metrics.adapters.processes import SupervisorClient
from services.metrics.domain.modules import Module, ModuleAction, ModuleState, Process
from services.metrics.service import module_controller
from services.metrics.service.latest import LatestValues
from services.metrics.service.module_controller import ModuleController
from services.metrics.service.modules import ModuleMonitor
from tests.services.metrics.helpers import eventually


def make_monitor(store, supervisor) -> ModuleMonitor:
    latest = LatestValues(store.clock)
    return ModuleMonitor({}, supervisor, latest, store.database, store.outbox, store.clock)


@pytest.fixture
def supervisor(home) -> SupervisorClient:
    return SupervisorClient(str(home.socket))


@pytest.fixture
async def monitor(store, supervisor) -> ModuleMonitor:
    monitor = make_monitor(store, supervisor)

    async def state() -> ModuleState:
        await monitor.check_all()
        return monitor.get_module("sleeper").state

    await eventually(state, lambda seen: seen == ModuleState.HEALTHY)
    return monitor


@pytest.fixture
def controller(monitor, supervisor) -> ModuleController:
    return ModuleController(monitor, supervisor)


async def test_a_module_is_stopped_started_and_restarted(controller, monitor):
    first = monitor.get_module("sleeper")
    assert controller.available_actions(first) == [ModuleAction.STOP, ModuleAction.RESTART]
    stopped = await controller.run_action("sleeper", ModuleAction.STOP)
    assert (stopped.state, controller.available_actions(stopped)) == (
        ModuleState.STOPPED,
        [ModuleAction.START],
    )
    started = await controller.run_action("sleeper", ModuleAction.START)
    assert started.state == ModuleState.HEALTHY
    assert started.pid != first.pid
    restarted = await controller.run_action("sleeper", ModuleAction.RESTART)
    assert restarted.state == ModuleState.HEALTHY
    assert restarted.pid not in {first.pid, started.pid}
    assert monitor.expected == set()


async def test_an_action_that_is_not_available_is_refused(controller):
    with pytest.raises(FailedPreconditionError) as failure:
        await controller.run_action("sleeper", ModuleAction.START)
    assert failure.value.reason == "ACTION_NOT_AVAILABLE"
    assert failure.value.metadata == {"module": "sleeper", "action": "START"}
    with pytest.raises(NotFoundError):
        await controller.run_action("none", ModuleAction.STOP)


async def test_a_state_that_is_not_reached_in_time_is_an_error(controller, monkeypatch):
    monkeypatch.setattr(module_controller, "ACT_SECONDS", 0)
    with pytest.raises(UnavailableError) as failure:
        await controller.run_action("sleeper", ModuleAction.STOP)
    assert failure.value.reason == "TRANSITION_TIMEOUT"


async def test_the_edge_restarts_after_the_response(controller, monitor, monkeypatch):
    monkeypatch.setattr(module_controller, "EDGE", {"sleeper"})
    monkeypatch.setattr(module_controller, "GRACE_SECONDS", 0.05)
    pid = monitor.get_module("sleeper").pid
    response = await controller.run_action("sleeper", ModuleAction.RESTART)
    assert (response.state, response.pid) == (ModuleState.HEALTHY, pid)

    async def module() -> Module:
        await monitor.check_all()
        return monitor.get_module("sleeper")

    seen = await eventually(module, lambda seen: seen.pid not in {0, pid} and seen.serving)
    assert (seen.state, seen.crashed) == (ModuleState.HEALTHY, False)


async def test_this_process_ends_after_the_response(controller, monkeypatch):
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    monkeypatch.setattr(module_controller, "SELF", "sleeper")
    monkeypatch.setattr(module_controller, "GRACE_SECONDS", 0.05)
    response = await controller.run_action("sleeper", ModuleAction.RESTART)
    assert response.state == ModuleState.HEALTHY
    assert not ended.is_set()
    await asyncio.wait_for(ended.wait(), 5)
    asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)


async def test_without_a_process_manager_nothing_is_available(store):
    controller = ModuleController(make_monitor(store, None), None)
    running = Module("users", process=Process("RUNNING", 1, None, ""))
    assert controller.available_actions(running) == []
