"""Outages of Valkey and of stopped servers, as seen by callers and subscribers."""

import asyncio
import contextlib
import json
import os
import signal
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from uuid import uuid4

import grpc
import httpx
import psutil
import pytest
from libral.events.v1 import events_pb2, events_pb2_grpc
from libral.payments.v1 import payments_pb2, payments_pb2_grpc
from libral.users.v1 import users_pb2, users_pb2_grpc

from deploy.local.home import Home
from deploy.local.supervision import SupervisordClient
from services.kernel.rpc.channels import ServiceChannels
from services.kernel.rpc.tokens import ServiceTokens, load_key
from tests.mesh import modules, wait_for
from tests.system.test_mesh import READS, reading
from tests.system.test_streams import Follower, head_of, read_socket, read_sse

pytestmark = pytest.mark.timeout(240)

AWAY_SECONDS = 30.0
CATCH_UP_SECONDS = 10.0
STOPPED_SECONDS = 12.0
PAUSE_SECONDS = 0.25
OVER_SECONDS = 0.25
HEALTHY_SECONDS = 5.0
REST_DEADLINES = {"": 5.0, "300m": 0.3, "1S": 1.0, "2500m": 2.5}
GRPC_DEADLINES = (0.3, 1.0, 3.0)


def test_valkey_wiped_for_half_a_minute_loses_no_event(mesh):
    followers = [Follower(mesh, read) for read in (read_sse, read_socket)]
    supervisor = SupervisordClient(Home(mesh.home))
    with mesh.client() as client, ExitStack() as stack:
        for follower in followers:
            stack.enter_context(follower.running())
        stack.enter_context(writing(mesh))
        supervisor.stop("valkey")
        try:
            statuses = stack.enter_context(reading(mesh, list(READS.values())))
            time.sleep(AWAY_SECONDS)
        finally:
            supervisor.start("valkey")
        head = head_of(client)
        for follower in followers:
            wait_for(lambda: follower.seen[-1:] >= [head], CATCH_UP_SECONDS, "it fell behind")  # noqa: B023
        assert set(statuses) == {200}, statuses
        wait_for(lambda: head_of(client) > head, 20, "nothing is appended")
    assert head > AWAY_SECONDS
    for follower in followers:
        assert follower.seen == list(range(1, len(follower.seen) + 1))


@contextmanager
def writing(mesh) -> Iterator[None]:
    """Create users repeatedly inside the context. Each call must succeed."""
    ended = threading.Event()

    def write() -> None:
        with mesh.client() as client:
            while not ended.is_set():
                body = {"displayName": "利用者", "roles": ["USER"]}
                client.post("/v1/users", json=body).raise_for_status()
                ended.wait(0.1)

    with ThreadPoolExecutor(1) as pool:
        writes = pool.submit(write)
        try:
            yield
        finally:
            ended.set()
            writes.result(30)


@dataclass(frozen=True)
class Measured:
    """A measured call: its deadline, start, end and outcome."""

    what: str
    id: str
    deadline: float
    begun: float
    ended: float
    outcome: str

    @property
    def seconds(self) -> float:
        return self.ended - self.begun


def in_a_thread(work):
    """Run a coroutine in another thread, because the browser's event loop runs in this one."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(lambda: asyncio.run(work())).result()


@pytest.mark.parametrize("server", ["postgres", "valkey"])
def test_a_server_that_stands_still_holds_no_call_and_needs_no_restart(mesh, server):
    supervisor = SupervisordClient(Home(mesh.home))
    before = {one["name"]: one["pid"] for one in supervisor.processes()}
    with mesh.client() as client:
        token = client.headers["authorization"]
        with stopped(before[server]):
            measured = in_a_thread(lambda: call_for(mesh, token, STOPPED_SECONDS))
        wait_for(lambda: all_healthy(mesh, client), HEALTHY_SECONDS, "not all is healthy")
    assert not [one for one in measured if is_late(one, measured)]
    assert {one.what for one in measured} == {*CALLS, *REST, *PAGE}
    assert {one["name"]: one["pid"] for one in supervisor.processes()} == before
    assert not late_handlers(mesh, measured)


def is_late(call: Measured, measured: list[Measured]) -> bool:
    """True if a call exceeds its deadline by more than a concurrent trivial request takes."""
    pages = [
        one.seconds
        for one in measured
        if one.what in PAGE and one.begun < call.ended and one.ended > call.begun
    ]
    return call.seconds > call.deadline + OVER_SECONDS + max(pages, default=0.0)


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Stop a process and its children inside the context."""
    parent = psutil.Process(pid)
    family = [parent, *parent.children(recursive=True)]
    for process in family:
        os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGCONT)


def all_healthy(mesh, client: httpx.Client) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        states = {module["state"] for module in modules(client).values()}
        return states == {"HEALTHY"} and mesh.is_ready()
    return False


def late_handlers(mesh, measured: list[Measured]) -> list[dict]:
    """Return logged calls that a service continued after their deadline."""
    deadlines = {one.id: one.deadline for one in measured}
    over = OVER_SECONDS + max(one.seconds for one in measured if one.what in PAGE)
    found = []
    for service in READS:
        for line in (mesh.home / "logs" / f"{service}.log").read_text().splitlines():
            if '"event":"call"' not in line:
                continue
            call = json.loads(line)
            deadline = deadlines.get(call.get("request_id"))
            if deadline and call["milliseconds"] / 1000 > deadline + over:
                found.append(call)
    return found


Call = Callable[[str, float], Awaitable[str]]


async def call_for(mesh, token: str, seconds: float) -> list[Measured]:
    """Make all calls repeatedly with every deadline."""
    end = time.monotonic() + seconds
    measured: list[Measured] = []

    async def go_on(what: str, call: Call, deadline: float) -> None:
        while time.monotonic() < end:
            call_id, started = str(uuid4()), time.monotonic()
            outcome = await call(call_id, deadline)
            measured.append(Measured(what, call_id, deadline, started, time.monotonic(), outcome))
            await asyncio.sleep(PAUSE_SECONDS)

    async with callers(mesh, token) as calls, asyncio.TaskGroup() as group:
        for what, deadline, call in calls:
            group.create_task(go_on(what, call, deadline))
    return measured


REST = {
    "GET /v1/users": ("GET", "/v1/users", None),
    "GET /v1/events": ("GET", "/v1/events", None),
    "GET /v1/payments": ("GET", "/v1/payments", None),
    "GET /v1/infrastructure": ("GET", "/v1/infrastructure", None),
    "GET /v1/telegram/bot": ("GET", "/v1/telegram/bot", None),
    "POST /v1/users": ("POST", "/v1/users", {"displayName": "利用者"}),
}
PAGE = {"GET /healthz": ("GET", "/healthz", None)}
CALLS = {
    "ListUsers": ("users", users_pb2_grpc.UserServiceStub, users_pb2.ListUsersRequest()),
    "ListPayments": (
        "payments",
        payments_pb2_grpc.PaymentServiceStub,
        payments_pb2.ListPaymentsRequest(),
    ),
    "ListEvents": ("events", events_pb2_grpc.EventServiceStub, events_pb2.ListEventsRequest()),
    "AppendEvents": ("events", events_pb2_grpc.EventServiceStub, None),
}


@contextlib.asynccontextmanager
async def callers(mesh, token: str) -> AsyncIterator[list[tuple[str, float, Call]]]:
    """Yield every call with every deadline."""
    key = load_key("mesh", (mesh.home / "secrets" / "mesh.pem").read_bytes())
    ports = json.loads((mesh.home / "run" / "ports.json").read_text())
    channels = ServiceChannels(ServiceTokens("test", key))
    headers = {"authorization": token}
    async with httpx.AsyncClient(
        base_url=mesh.gateway, headers=headers, trust_env=False, timeout=30
    ) as http:
        found: list[tuple[str, float, Call]] = [
            (what, deadline, rest_call(http, *request, timeout))
            for what, request in (REST | PAGE).items()
            for timeout, deadline in REST_DEADLINES.items()
        ]
        for what, (service, stub, request) in CALLS.items():
            method = getattr(stub(channels.get_channel(f"127.0.0.1:{ports[service]}")), what)
            found += [(what, each, grpc_call(method, request)) for each in GRPC_DEADLINES]
        yield found
    await channels.close()


def rest_call(http: httpx.AsyncClient, method: str, path: str, body, timeout: str) -> Call:
    async def call(call_id: str, _: float) -> str:
        headers = {"x-request-id": call_id} | ({"grpc-timeout": timeout} if timeout else {})
        response = await http.request(method, path, json=body, headers=headers)
        return str(response.status_code)

    return call


def grpc_call(method, request) -> Call:
    async def call(call_id: str, deadline: float) -> str:
        metadata = (("x-request-id", call_id),)
        try:
            await method(request or new_append(), timeout=deadline, metadata=metadata)
        except grpc.aio.AioRpcError as error:
            return error.code().name
        return "OK"

    return call


def new_append() -> events_pb2.AppendEventsRequest:
    event = events_pb2.Event(
        id=str(uuid4()), type="test.appended", source="test", category=events_pb2.Event.SYSTEM
    )
    event.time.GetCurrentTime()
    return events_pb2.AppendEventsRequest(events=[event])
