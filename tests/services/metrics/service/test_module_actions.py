import asyncio
import signal

import pytest

from services.kernel.errors import FailedPreconditionError, NotFoundError, UnavailableError
from services.metrics.adapters.processes import SupervisorClient
from services.metrics.domain.modules import Action, Module, Process, State
from services.metrics.service import module_actions
from services.metrics.service.latest import LatestValues
from services.metrics.service.module_actions import ModuleActions
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

    async def state() -> State:
        await monitor.check_all()
        return monitor.module("sleeper").state

    await eventually(state, lambda seen: seen == State.HEALTHY)
    return monitor


@pytest.fixture
def actions(monitor, supervisor) -> ModuleActions:
    return ModuleActions(monitor, supervisor)


async def test_a_module_is_stopped_started_and_restarted(actions, monitor):
    first = monitor.module("sleeper")
    assert actions.available(first) == [Action.STOP, Action.RESTART]
    stopped = await actions.act("sleeper", Action.STOP)
    assert (stopped.state, actions.available(stopped)) == (State.STOPPED, [Action.START])
    started = await actions.act("sleeper", Action.START)
    assert started.state == State.HEALTHY
    assert started.pid != first.pid
    restarted = await actions.act("sleeper", Action.RESTART)
    assert restarted.state == State.HEALTHY
    assert restarted.pid not in {first.pid, started.pid}
    assert monitor.expected == set()


async def test_an_action_that_is_not_available_is_refused(actions):
    with pytest.raises(FailedPreconditionError) as failure:
        await actions.act("sleeper", Action.START)
    assert failure.value.reason == "ACTION_NOT_AVAILABLE"
    assert failure.value.metadata == {"module": "sleeper", "action": "START"}
    with pytest.raises(NotFoundError):
        await actions.act("none", Action.STOP)


async def test_a_state_that_is_not_reached_in_time_is_an_error(actions, monkeypatch):
    monkeypatch.setattr(module_actions, "ACT_SECONDS", 0)
    with pytest.raises(UnavailableError) as failure:
        await actions.act("sleeper", Action.STOP)
    assert failure.value.reason == "TRANSITION_TIMEOUT"


async def test_the_edge_restarts_after_the_answer(actions, monitor, monkeypatch):
    monkeypatch.setattr(module_actions, "EDGE", {"sleeper"})
    monkeypatch.setattr(module_actions, "GRACE_SECONDS", 0.05)
    pid = monitor.module("sleeper").pid
    answer = await actions.act("sleeper", Action.RESTART)
    assert (answer.state, answer.pid) == (State.HEALTHY, pid)

    async def module() -> Module:
        await monitor.check_all()
        return monitor.module("sleeper")

    seen = await eventually(module, lambda seen: seen.pid not in {0, pid} and seen.serving)
    assert (seen.state, seen.crashed) == (State.HEALTHY, False)


async def test_this_process_ends_after_the_answer(actions, monkeypatch):
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    monkeypatch.setattr(module_actions, "SELF", "sleeper")
    monkeypatch.setattr(module_actions, "GRACE_SECONDS", 0.05)
    answer = await actions.act("sleeper", Action.RESTART)
    assert answer.state == State.HEALTHY
    assert not ended.is_set()
    await asyncio.wait_for(ended.wait(), 5)
    asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)


async def test_without_a_process_manager_nothing_is_available(store):
    actions = ModuleActions(make_monitor(store, None), None)
    running = Module("users", process=Process("RUNNING", 1, None, ""))
    assert actions.available(running) == []
