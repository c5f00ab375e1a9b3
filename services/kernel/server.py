"""Runs a room: settings, database, server on either engine, health, drain."""

import asyncio
import gc
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import grpc
import pygrpc_native.aio
import structlog
import uvloop
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer
from grpc_reflection.v1alpha import reflection
from sqlalchemy import MetaData

from services.common.logs import LogSettings, configure_logs
from services.common.settings import Environment, SettingsError
from services.common.telemetry import Meter, Reporter
from services.common.version import VERSION
from services.kernel.calls import log_context
from services.kernel.clock import Clock, SystemClock
from services.kernel.database import schema
from services.kernel.database.database import Database
from services.kernel.database.tables import KernelTables
from services.kernel.errors import UnavailableError
from services.kernel.events.outbox import Outbox
from services.kernel.events.relay import Relay
from services.kernel.events.subscriptions import Reactions, Subscription
from services.kernel.rpc.audit import Auditor
from services.kernel.rpc.exporter import exporter
from services.kernel.rpc.idempotency import Answers
from services.kernel.rpc.keys import UserKeys
from services.kernel.rpc.peers import Peers
from services.kernel.rpc.pipeline import Pipeline
from services.kernel.rpc.policies import Policies
from services.kernel.rpc.registration import service_of
from services.kernel.rpc.tokens import ServiceTokens, Verifier, load_key
from services.kernel.settings import Engine, KernelSettings

MESSAGE_BYTES_MAX = 4 * 1024 * 1024
DRAIN_SECONDS = 0.3
GRACE_SECONDS = 5.0
HEALTH_SECONDS = 1.0
FORGET_SECONDS = 3600.0
CANCEL_ROUNDS = 3
CANCEL_SECONDS = 0.5
# Calls leave hardly any cycles behind; Python would look for them every 700 objects.
COLLECT_AFTER = (20_000, 50, 50)

OPTIONS = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    ("grpc.so_reuseport", 0),
    # Peers ask every 2 seconds whether a silent stream is alive: no reason to hang up on them.
    ("grpc.http2.min_ping_interval_without_data_ms", 1000),
)

log = structlog.get_logger()

Task = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Kernel:
    """What a room is built with."""

    settings: KernelSettings
    environment: Environment
    clock: Clock
    database: Database
    outbox: Outbox
    answers: Answers
    peers: Peers
    meter: Meter


@dataclass(frozen=True)
class ServiceDefinition:
    """What a service registers with the kernel.

    `services` are the servicers of its contracts. `tasks` run for as long as it serves; `close` is
    called after they have ended.
    """

    services: Sequence[object]
    reactions: Reactions = field(default_factory=dict[str, Any])
    tasks: Sequence[Task] = ()
    close: Callable[[], Awaitable[None]] | None = None


Build = Callable[[Kernel], Awaitable[ServiceDefinition]]


def run(room: str, build: Build, clock: Clock | None = None) -> None:
    """Runs a room until SIGTERM or SIGINT. A wrong setting ends it with one line."""
    import os  # noqa: PLC0415 - the one place that reads the environment

    environment = Environment(os.environ)
    try:
        logs = LogSettings.read(environment, terminal=sys.stderr.isatty())
        configure_logs(logs, log_context(room))
        settings = KernelSettings.read(room, environment)
        uvloop.run(serve(settings, environment, build, clock))
    except (SettingsError, schema.SchemaError) as error:
        sys.exit(f"{room}: {error}")


async def serve(
    settings: KernelSettings, environment: Environment, build: Build, clock: Clock | None
) -> None:
    gc.set_threshold(*COLLECT_AFTER)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if not await unless_set(stop, schema.upgrade(settings.service, settings.database_url)):
        return
    async with RunningService(settings, environment, build, clock):
        log.info("room.ready", listen=settings.listen, engine=settings.engine, version=VERSION)
        await stop.wait()
        log.info("room.draining")


async def unless_set(stop: asyncio.Event, work: Coroutine[Any, Any, Any]) -> bool:
    """Does work, or gives it up once `stop` is set. Tells whether it was done."""
    working, stopped = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if not working.done():
        working.cancel()
        return False
    stopped.cancel()
    await working
    return True


class RunningService:
    """A room that serves, from entering to leaving this context. `port` tells where."""

    def __init__(
        self,
        settings: KernelSettings,
        environment: Environment,
        build: Build,
        clock: Clock | None = None,
    ) -> None:
        self._settings = settings
        self._build = build
        self._tables = KernelTables.of(MetaData(schema=settings.service))
        self._key = load_key("LIBRAL_MESH_KEY", settings.mesh_key)
        clock = clock or SystemClock()
        database = Database(settings.database_url)
        self.kernel = Kernel(
            settings=settings,
            environment=environment,
            clock=clock,
            database=database,
            outbox=Outbox(self._tables, clock),
            answers=Answers(database, self._tables, clock),
            peers=Peers(ServiceTokens(settings.service, self._key)),
            meter=Meter(),
        )
        self._auditor = Auditor(database, self.kernel.outbox)
        self._health = HealthServicer()
        self._tasks: list[asyncio.Task[None]] = []
        self.port = 0

    async def __aenter__(self) -> Self:
        room = self._room = await self._build(self.kernel)
        contracts = [service_of(servicer).full_name for servicer in room.services]
        self._pipeline = self._make_pipeline(contracts)
        self._server = make_server(self._settings.engine)
        self._pipeline.register(self._server, room.services)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        names = (*contracts, health_pb2.DESCRIPTOR.services_by_name["Health"].full_name)
        reflection.enable_server_reflection((*names, reflection.SERVICE_NAME), self._server)
        await self._check_health(names)
        try:
            self.port = self._server.add_insecure_port(self._settings.listen)
        except RuntimeError:
            self.port = 0
        if not self.port:
            raise SettingsError(f"Cannot listen on {self._settings.listen}: the port is in use.")
        await self._server.start()
        self._start_tasks(room, names)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._health.enter_graceful_shutdown()
        await asyncio.sleep(DRAIN_SECONDS)
        self._pipeline.drain()
        await self._server.stop(GRACE_SECONDS)
        await end_tasks(self._tasks)
        await self._auditor.flush()
        if self._room.close is not None:
            await self._room.close()
        await self.kernel.peers.close()
        await self.kernel.database.close()

    def _make_pipeline(self, contracts: Sequence[str]) -> Pipeline:
        users = self.kernel.peers.channel(self._settings.users_target)
        verifier = Verifier(self._key.public_key(), UserKeys(users).fetch)
        return Pipeline(Policies(contracts), verifier, self.kernel.meter, self._auditor)

    def _start_tasks(self, room: ServiceDefinition, services: Sequence[str]) -> None:
        kernel, settings = self.kernel, self._settings
        log_channel = kernel.peers.channel(settings.events_target)
        relay = Relay(
            settings.service,
            kernel.database,
            self._tables,
            kernel.outbox,
            log_channel,
            kernel.clock,
        )
        kernel.meter.gauge("outbox.pending", "1", relay.pending)
        kernel.meter.gauge("outbox.lag", "s", relay.lag)
        self._spawn("relay", relay.run)
        self._spawn("audit", self._auditor.run)
        self._spawn("health", lambda: self._watch_health(services))
        self._spawn("answers", self._forget_answers)
        if settings.otlp_target:
            channel = kernel.peers.channel(settings.otlp_target)
            reporter = Reporter(settings.service, kernel.meter, exporter(channel))
            self._spawn("telemetry", reporter.run)
        if room.reactions:
            subscription = Subscription(
                settings.service,
                room.reactions,
                kernel.database,
                self._tables,
                log_channel,
                kernel.clock,
                kernel.outbox,
            )
            self._spawn("subscription", subscription.run)
            self._spawn("report", subscription.report)
        for number, task in enumerate(room.tasks):
            self._spawn(f"task-{number}", task)

    def _spawn(self, name: str, task: Task) -> None:
        self._tasks.append(asyncio.create_task(forever(name, task), name=name))

    async def _watch_health(self, services: Sequence[str]) -> None:
        while True:
            await asyncio.sleep(HEALTH_SECONDS)
            await self._check_health(services)

    async def _check_health(self, services: Sequence[str]) -> None:
        serving = await self.kernel.database.answers()
        status = health_pb2.HealthCheckResponse.ServingStatus
        for name in ("", *services):
            await self._health.set(name, status.SERVING if serving else status.NOT_SERVING)

    async def _forget_answers(self) -> None:
        while True:
            await self.kernel.answers.forget_old()
            await asyncio.sleep(FORGET_SECONDS)


async def forever(name: str, task: Task) -> None:
    """Runs a background task, again whenever it fails."""
    while True:
        try:
            await task()
        except UnavailableError as error:
            log.warning("task.waits", task=name, reason=error.reason)
        except Exception:
            log.exception("task.failed", task=name)
        else:
            return
        await asyncio.sleep(1)


async def end_tasks(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancels tasks, more than once if need be: a library can swallow a cancellation."""
    for _ in range(CANCEL_ROUNDS):
        pending = [task for task in tasks if not task.done()]
        if not pending:
            return
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=CANCEL_SECONDS)
    log.error("tasks.stuck", tasks=[task.get_name() for task in tasks if not task.done()])


def make_server(engine: Engine) -> grpc.aio.Server:
    if engine == "native":
        return pygrpc_native.aio.server(options=OPTIONS)
    return grpc.aio.server(options=OPTIONS)
