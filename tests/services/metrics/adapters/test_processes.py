import asyncio
import signal
from datetime import UTC, datetime

import pytest

from services.kernel.errors import FailedPreconditionError, UnavailableError
from services.metrics.adapters.processes import SupervisorClient, read_process, terminate_self


async def test_processes_are_listed_stopped_and_started(home):
    supervisor = SupervisorClient(str(home.socket))
    process = (await supervisor.list_processes())["sleeper"]
    assert process.state in {"STARTING", "RUNNING"}
    assert process.pid > 0
    assert process.start <= datetime.now(UTC)
    await supervisor.stop_process("sleeper")
    stopped = (await supervisor.list_processes())["sleeper"]
    assert (stopped.state, stopped.pid) == ("STOPPED", 0)
    await supervisor.start_process("sleeper")
    assert (await supervisor.list_processes())["sleeper"].pid not in {0, process.pid}


async def test_what_supervisor_refuses_is_a_failed_precondition(home):
    supervisor = SupervisorClient(str(home.socket))
    with pytest.raises(FailedPreconditionError) as failure:
        await supervisor.start_process("none")
    assert failure.value.reason == "PROCESS_REFUSED"
    assert "BAD_NAME" in failure.value.message


async def test_an_unreachable_supervisor_is_unavailable(tmp_path):
    with pytest.raises(UnavailableError) as failure:
        await SupervisorClient(str(tmp_path / "none.sock")).list_processes()
    assert failure.value.reason == "SUPERVISOR_UNAVAILABLE"


def test_a_row_of_supervisor_becomes_a_process():
    row = {"statename": "BACKOFF", "pid": 0, "start": 0, "spawnerr": "Exited too quickly"}
    process = read_process(row)
    assert (process.state, process.pid, process.start) == ("BACKOFF", 0, None)
    assert process.problem == "Exited too quickly"


async def test_this_process_gets_sigterm():
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    terminate_self()
    await asyncio.wait_for(ended.wait(), 5)
    asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
