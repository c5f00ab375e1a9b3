"""The program: what the command line runs, from discovery to shutdown."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from pathlib import Path

from gateway.context import GatewayContext
from gateway.contracts.descriptors import Contracts, load_bundled
from gateway.contracts.discovery import Discovery
from gateway.http.tasks import cancel_and_wait
from gateway.routing.defaults import build_routes, make_public
from gateway.routing.table import RouteTable, make_table
from gateway.server.reload import Reloader
from gateway.server.server import GatewayServer, listen, serve
from gateway.settings import Settings
from gateway.upstream import Upstreams

Started = Callable[[GatewayServer], None]


@dataclass(frozen=True)
class RunOptions:
    """Options of the command line."""

    settings: Settings
    descriptor_sets: tuple[Path, ...]
    auth: bool
    reload_seconds: float

    @property
    def uses_discovery(self) -> bool:
        """True if other descriptors than the bundled ones are served."""
        return bool(self.descriptor_sets or self.settings.addresses)


async def find_routes(options: RunOptions) -> RouteTable:
    """Return the routes without serving them.

    Raises:
        DescriptorError, RoutesError: They cannot be served.
    """
    if not options.uses_discovery:
        return load_mesh(options)[1]
    async with open_discovery(options) as discovery:
        return build_routes(await discovery.read_first(), auth=options.auth)[1]


async def run_gateway(
    options: RunOptions, listener: socket.socket | None = None, started: Started | None = None
) -> None:
    """Serve until a signal, on a new socket unless `listener` is given.

    Raises:
        DescriptorError, RoutesError, SettingsError: The gateway cannot start.
    """
    settings = options.settings
    if not options.uses_discovery:
        contracts, table = load_mesh(options)
        upstreams = Upstreams(settings.upstreams, settings.transport)
        server = make_server(options, contracts, table, upstreams, started)
        await serve(server, listener or open_listener(options), settings.otlp_target)
        return
    async with open_discovery(options) as discovery:
        found = await discovery.read_first()
        contracts, table = build_routes(found, auth=options.auth)
        upstreams = Upstreams(found.targets, settings.transport)
        server = make_server(options, contracts, table, upstreams, started)
        reloader = Reloader(server.gateway, discovery, found, auth=options.auth)
        async with run_reloader(reloader, options.reload_seconds):
            await serve(server, listener or open_listener(options), settings.otlp_target)


def load_mesh(options: RunOptions) -> tuple[Contracts, RouteTable]:
    contracts = load_bundled()
    contracts = contracts if options.auth else make_public(contracts)
    return contracts, make_table(contracts)


def make_server(
    options: RunOptions,
    contracts: Contracts,
    table: RouteTable,
    upstreams: Upstreams,
    started: Started | None,
) -> GatewayServer:
    settings = options.settings
    context = GatewayContext.make(
        contracts,
        table,
        upstreams,
        settings.cors_origins,
        auth=options.auth,
        json=settings.json,
    )
    return GatewayServer(context, started)


def open_listener(options: RunOptions) -> socket.socket:
    return listen(options.settings.host, options.settings.port)


@contextlib.asynccontextmanager
async def open_discovery(options: RunOptions) -> AsyncGenerator[Discovery]:
    settings = options.settings
    discovery = Discovery(options.descriptor_sets, settings.addresses, settings.upstreams)
    try:
        yield discovery
    finally:
        await discovery.close()


@contextlib.asynccontextmanager
async def run_reloader(reloader: Reloader, seconds: float) -> AsyncGenerator[None]:
    """Reload every `seconds`, and immediately on SIGHUP."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, reloader.request_reload)
    task = asyncio.create_task(reloader.run(seconds))
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
        await cancel_and_wait(task)
