"""An unresponsive PostgreSQL: it keeps and accepts connections and sends nothing."""

import asyncio
import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import grpc
import psutil
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from libral.users.v1 import users_pb2, users_pb2_grpc
from sqlalchemy import text

from deploy.local import embedded
from deploy.local.home import free_port
from services.users.__main__ import build
from tests.conftest import PASSWORD, WAIT_SECONDS, maintenance_url, wait_until
from tests.services.helpers import eventually

LATE_SECONDS = 0.25
BACK_SECONDS = 5
AT_ONCE = 15
SERVING, NOT_SERVING = 1, 2


class Server:
    """A PostgreSQL server of one test."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        command = embedded.postgres_command(folder, port, {"fsync": "off"})
        with (folder.parent / f"{folder.name}.log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(
            lambda: embedded.run_statement(maintenance_url(port), "SELECT 1"),
            embedded.EmbeddedError,
        )

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        self.thaw()
        self._process.send_signal(signal.SIGINT)
        self._process.wait(WAIT_SECONDS)

    def _signal(self, number: signal.Signals) -> None:
        server = psutil.Process(self._process.pid)
        for process in (server, *server.children(recursive=True)):
            os.kill(process.pid, number)


@pytest.fixture
def server(scratch):
    folder = scratch / f"frozen-{uuid4().hex[:8]}"
    embedded.create_cluster(folder, PASSWORD)
    running = Server(folder, free_port(set()))
    yield running
    running.stop()


@pytest.fixture
async def service(mesh, server, users_environment):
    own = replace(mesh, database_url=maintenance_url(server.port))
    port = free_port(set())
    target = f"127.0.0.1:{port}"
    return await own.start("users", build, users_environment, listen=target, users_target=target)


@pytest.fixture
def durations(service) -> list[float]:
    """Return the durations of calls in seconds, as the service measures them."""
    found, record = [], service.kernel.meter.record_duration

    def watch(name, attributes, seconds) -> None:
        if name == "rpc.server.duration":
            found.append(seconds)
        record(name, attributes, seconds)

    service.kernel.meter.record_duration = watch
    return found


@pytest.fixture
def ask(mesh, service):
    """Return a function that makes concurrent calls: reads from both pools, and changes."""
    channel = mesh.channel(service)
    users = users_pb2_grpc.UserServiceStub(channel)
    auth = users_pb2_grpc.AuthServiceStub(channel)

    async def make(seconds: float, prefix: str) -> list:
        calls = []
        for number in range(AT_ONCE):
            user = users_pb2.User(login=f"{prefix}{number}", display_name="名前")
            login = users_pb2.LoginRequest(login=user.login, password="a long password")
            get = users_pb2.GetUserRequest(name=f"users/{uuid4()}")
            calls += [
                users.CreateUser(users_pb2.CreateUserRequest(user=user), timeout=seconds),
                users.ListUsers(users_pb2.ListUsersRequest(), timeout=seconds),
                users.GetUser(get, timeout=seconds),
                auth.Login(login, timeout=seconds),
            ]
        return await asyncio.gather(*calls, return_exceptions=True)

    return make


def codes(results: list) -> set[str]:
    return {one.code().name if isinstance(one, grpc.aio.AioRpcError) else "OK" for one in results}


async def test_no_call_outlives_its_deadline(mesh, service, server, durations, ask):
    health = health_pb2_grpc.HealthStub(mesh.channel(service))

    async def state() -> int:
        return (await health.Check(health_pb2.HealthCheckRequest())).status

    async def serves() -> bool:
        return await state() == SERVING

    async def fails() -> bool:
        return await state() == NOT_SERVING

    assert codes(await ask(20, "before")) == {"OK", "NOT_FOUND", "UNAUTHENTICATED"}
    server.freeze()
    for wave, seconds in enumerate((1.0, 0.3, 2.5)):
        durations.clear()
        failures = codes(await ask(seconds, f"frozen{wave}-"))
        assert failures <= {"DEADLINE_EXCEEDED", "UNAVAILABLE", "CANCELLED"}
        await asyncio.sleep(LATE_SECONDS)
        assert len(durations) == 4 * AT_ONCE
        assert max(durations) <= seconds + LATE_SECONDS
    await eventually(fails, 5)
    server.thaw()
    thawed = time.monotonic()
    await eventually(serves, BACK_SECONDS)
    assert time.monotonic() - thawed < BACK_SECONDS
    assert codes(await ask(20, "after")) == {"OK", "NOT_FOUND", "UNAUTHENTICATED"}
    pool = service.kernel.database.engine.pool

    async def at_rest() -> bool:
        # The relay keeps a connection, which holds its lock.
        return pool.checkedout() <= 1 and len(service.kernel.database._read_pool._lent) == 0

    await eventually(at_rest)
    assert service.kernel.database._read_pool._free._value == 5


async def test_a_deadline_holds_between_statements(service, server):
    """A transaction is aborted without waiting for a ROLLBACK."""
    loop = asyncio.get_running_loop()
    async with service.kernel.database.reading() as connection:
        await connection.execute(text("SELECT 1"))

    async def work() -> None:
        async with service.kernel.database.transaction() as connection:
            await connection.execute(text("SELECT 1"))
            server.freeze()
            await asyncio.sleep(30)

    task = asyncio.ensure_future(work())
    await asyncio.sleep(0.5)
    started = loop.time()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert loop.time() - started < LATE_SECONDS
    started = loop.time()
    await service.kernel.database.close()
    assert loop.time() - started < LATE_SECONDS


async def test_what_is_cancelled_is_cancelled_in_the_server_too(service):
    """Otherwise the command would keep its locks."""
    sleeping = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'"

    async def work() -> None:
        async with service.kernel.database.transaction() as connection:
            await connection.execute(text("SELECT pg_sleep(60)"))

    async def count() -> int:
        async with service.kernel.database.reading() as connection:
            return await connection.scalar(text(f"{sleeping} AND state = 'active'"))

    async def begun() -> bool:
        return await count() == 1

    async def ended() -> bool:
        return await count() == 0

    task = asyncio.ensure_future(work())
    await eventually(begun)
    task.cancel()
    await eventually(ended, 2)
