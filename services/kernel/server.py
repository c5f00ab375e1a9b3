"""Runs a service: settings, database, gRPC server, health, background tasks and shutdown."""

import asyncio
import gc
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
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
from services.kernel.events.consumer import EventConsumer, Reactions
from services.kernel.events.outbox import Outbox
from services.kernel.events.relay import Relay
from services.kernel.rpc.audit import AuditWriter
from services.kernel.rpc.channels import ServiceChannels
from services.kernel.rpc.exporter import exporter
from services.kernel.rpc.idempotency import IdempotencyStore
from services.kernel.rpc.keys import UserKeys
from services.kernel.rpc.pipeline import Pipeline
from services.kernel.rpc.policies import Policies
from services.kernel.rpc.registration import service_of
from services.kernel.rpc.tokens import ServiceTokens, TokenVerifier, load_key
from services.kernel.settings import Engine, KernelSettings
from services.kernel.tasks import Task, end_tasks, run_forever, run_unless_set

MESSAGE_BYTES_MAX = 4 * 1024 * 1024
DRAIN_SECONDS = 0.3
GRACE_SECONDS = 5.0
HEALTH_SECONDS = 1.0
FORGET_SECONDS = 3600.0
# Calls create few reference cycles. By default Python collects after every 700 objects.
GC_THRESHOLDS = (20_000, 50, 50)

OPTIONS = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    ("grpc.so_reuseport", 0),
    # Clients ping idle streams every 2 seconds. gRPC would close such connections by default.
    ("grpc.http2.min_ping_interval_without_data_ms", 1000),
)

log = structlog.get_logger()


@dataclass(frozen=True)
class Kernel:
    """The parts of the kernel that a service is built with."""

    settings: KernelSettings
    environment: Environment
    clock: Clock
    database: Database
    outbox: Outbox
    idempotency: IdempotencyStore
    channels: ServiceChannels
    meter: Meter


@dataclass(frozen=True)
class ServiceDefinition:
    """What a service registers with the kernel.

    `services` are the servicers of its contracts, `reactions` the handlers of events by type.
    `tasks` run while the service runs, and again 1 second after a failure. `close` is awaited after
    they have ended.
    """

    services: Sequence[object]
    reactions: Reactions = field(default_factory=dict[str, Any])
    tasks: Sequence[Task] = ()
    close: Callable[[], Awaitable[None]] | None = None


Build = Callable[[Kernel], Awaitable[ServiceDefinition]]


def run(service: str, build: Build, clock: Clock | None = None) -> None:
    """Run a service until SIGTERM or SIGINT.

    A setting or database that cannot be used ends the process with one line and status 1.
    """
    import os  # noqa: PLC0415 - the one place that reads the environment

    environment = Environment(os.environ)
    try:
        logs = LogSettings.read(environment, terminal=sys.stderr.isatty())
        configure_logs(logs, log_context(service))
        settings = KernelSettings.read(service, environment)
        uvloop.run(serve(settings, environment, build, clock))
    except (SettingsError, schema.SchemaError) as error:
        sys.exit(f"{service}: {error}")


async def serve(
    settings: KernelSettings, environment: Environment, build: Build, clock: Clock | None
) -> None:
    """Upgrade the schema and run the service until SIGTERM or SIGINT.

    Raises:
        SettingsError: A setting cannot be used.
        SchemaError: The database cannot be used.
    """
    gc.set_threshold(*GC_THRESHOLDS)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if not await run_unless_set(
        stop, schema.upgrade_schema(settings.service, settings.database_url)
    ):
        return
    async with RunningService(settings, environment, build, clock):
        log.info("service.ready", listen=settings.listen, engine=settings.engine, version=VERSION)
        await stop.wait()
        log.info("service.draining")


class RunningService:
    """A context manager that runs a service. `port` is the TCP port it listens on.

    Raises:
        SettingsError: A setting cannot be used, or the port is in use.
    """

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
            idempotency=IdempotencyStore(database, self._tables, clock),
            channels=ServiceChannels(ServiceTokens(settings.service, self._key)),
            meter=Meter(),
        )
        self._audit = AuditWriter(database, self.kernel.outbox)
        self._health = HealthServicer()
        self._tasks: list[asyncio.Task[None]] = []
        self.port = 0

    async def __aenter__(self) -> Self:
        definition = self._definition = await self._build(self.kernel)
        contracts = [service_of(servicer).full_name for servicer in definition.services]
        self._pipeline = self._make_pipeline(contracts)
        self._server = make_server(self._settings.engine)
        self._pipeline.register_servicers(self._server, definition.services)
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
        self._start_tasks(definition, names)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._health.enter_graceful_shutdown()
        await asyncio.sleep(DRAIN_SECONDS)
        self._pipeline.drain()
        await self._server.stop(GRACE_SECONDS)
        await end_tasks(self._tasks)
        await self._audit.flush()
        if self._definition.close is not None:
            await self._definition.close()
        await self.kernel.channels.close()
        await self.kernel.database.close()

    def _make_pipeline(self, contracts: Sequence[str]) -> Pipeline:
        users = self.kernel.channels.get_channel(self._settings.users_target)
        verifier = TokenVerifier(self._key.public_key(), UserKeys(users).fetch_keys)
        return Pipeline(Policies(contracts), verifier, self.kernel.meter, self._audit)

    def _start_tasks(self, definition: ServiceDefinition, services: Sequence[str]) -> None:
        kernel, settings = self.kernel, self._settings
        log_channel = kernel.channels.get_channel(settings.events_target)
        relay = Relay(
            settings.service,
            kernel.database,
            self._tables,
            kernel.outbox,
            log_channel,
            kernel.clock,
        )
        kernel.meter.add_gauge("outbox.pending", "1", relay.count_pending)
        kernel.meter.add_gauge("outbox.lag", "s", relay.measure_lag)
        self._spawn("relay", relay.run)
        self._spawn("audit", self._audit.run)
        self._spawn("health", lambda: self._watch_health(services))
        self._spawn("idempotency", self._delete_expired_responses)
        if settings.otlp_target:
            channel = kernel.channels.get_channel(settings.otlp_target)
            reporter = Reporter(settings.service, kernel.meter, exporter(channel))
            self._spawn("telemetry", reporter.run)
        if definition.reactions:
            consumer = EventConsumer(
                settings.service,
                definition.reactions,
                kernel.database,
                self._tables,
                log_channel,
                kernel.clock,
                kernel.outbox,
            )
            self._spawn("consumer", consumer.run)
            self._spawn("consumer-report", consumer.report_position)
        for number, task in enumerate(definition.tasks):
            self._spawn(f"task-{number}", task)

    def _spawn(self, name: str, task: Task) -> None:
        self._tasks.append(asyncio.create_task(run_forever(name, task), name=name))

    async def _watch_health(self, services: Sequence[str]) -> None:
        while True:
            await asyncio.sleep(HEALTH_SECONDS)
            await self._check_health(services)

    async def _check_health(self, services: Sequence[str]) -> None:
        serving = await self.kernel.database.is_available()
        status = health_pb2.HealthCheckResponse.ServingStatus
        for name in ("", *services):
            await self._health.set(name, status.SERVING if serving else status.NOT_SERVING)

    async def _delete_expired_responses(self) -> None:
        while True:
            await self.kernel.idempotency.delete_expired()
            await asyncio.sleep(FORGET_SECONDS)


def make_server(engine: Engine) -> grpc.aio.Server:
    """Return a gRPC server of the engine."""
    if engine == "native":
        return pygrpc_native.aio.server(options=OPTIONS)
    return grpc.aio.server(options=OPTIONS)
