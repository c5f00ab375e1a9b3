"""The server: uvicorn, started here and drained here."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import Generator

import structlog
import uvicorn

from gateway.app import Gateway
from gateway.commands import MESSAGE_BYTES_MAX
from gateway.core import Core
from gateway.otlp import Reporter
from gateway.protocols import BoundedHttp, ClosableWebSocket
from gateway.settings import SettingsError
from gateway.stream import cancelled
from gateway.upstream.pool import make_upstream
from gateway.version import VERSION

BACKLOG = 2048
DRAIN_SECONDS = 1.0
FLUSH_SECONDS = 0.1
GRACE_SECONDS = 7

log = structlog.get_logger()


def listen(host: str, port: int) -> socket.socket:
    """Opens the listening socket.

    Raises:
        SettingsError: The port is in use, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return create_listener(host, port, family)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise SettingsError(f"Cannot listen on {host}:{port}: {reason}.") from None


def create_listener(host: str, port: int, family: socket.AddressFamily) -> socket.socket:
    """Makes the socket by hand: asyncio sets TCP_NODELAY only where the protocol is named."""
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


class GatewayServer(uvicorn.Server):
    """A server that ends its streams with a status before it closes."""

    def __init__(self, core: Core) -> None:
        http = type("Http", (BoundedHttp,), {"renderer": core.renderer})
        super().__init__(
            uvicorn.Config(
                Gateway(core),
                http=http,
                ws=ClosableWebSocket,
                ws_max_size=MESSAGE_BYTES_MAX,
                ws_per_message_deflate=False,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self._core = core

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Drains on SIGTERM and SIGINT, and then lets the process end with status 0."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    def stop(self) -> None:
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if await self._core.feeds.drain(DRAIN_SECONDS):
            await asyncio.sleep(FLUSH_SECONDS)
        await super().shutdown(sockets)


async def serve(core: Core, listener: socket.socket, otlp_target: str | None) -> None:
    """Serves until a signal. Everything that was opened is closed."""
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    server = GatewayServer(core)
    reporter = None
    receiver = make_upstream("metrics", otlp_target) if otlp_target else None
    if receiver is not None:
        reporter = asyncio.create_task(Reporter(core.meter, receiver).run())
    host, port = listener.getsockname()[:2]
    log.info("gateway.ready", listen=f"{host}:{port}", version=VERSION)
    try:
        await server.serve([listener])
    finally:
        if reporter is not None and receiver is not None:
            await cancelled(reporter)
            await receiver.close()
        await core.upstreams.close()
    log.info("gateway.stopped")
