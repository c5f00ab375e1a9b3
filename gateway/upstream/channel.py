"""Channels: one address and its connection, which is re-established when lost."""

import asyncio
import random
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog

from gateway.http2.connection import Http2Connection
from gateway.http2.protocol import ALPN, HttpProtocol, connect

BACKOFF_SECONDS = 0.1
BACKOFF_SECONDS_MAX = 1.0

log = structlog.get_logger()


@dataclass(frozen=True)
class UpstreamAddress:
    """Address of an upstream."""

    host: str
    port: int
    scheme: str

    @classmethod
    def read(cls, target: str) -> "UpstreamAddress":
        """Parse `host:port`, `[host]:port` or `https://host:port`."""
        parts = urlsplit(target if "://" in target else f"http://{target}")
        return cls(parts.hostname or "", parts.port or 0, parts.scheme)

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def tls(self) -> ssl.SSLContext | None:
        if self.scheme != "https":
            return None
        context = ssl.create_default_context()
        context.set_alpn_protocols([ALPN])
        return context


class UpstreamChannel:
    """The connection to one address. `changed` is called when its availability may have changed."""

    def __init__(self, name: str, address: UpstreamAddress, changed: Callable[[], None]) -> None:
        self.address = address
        self.healthy = True
        self._name = name
        self._changed = changed
        self._current: HttpProtocol | None = None
        self._ending: set[HttpProtocol] = set()
        self._connecting: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def connection(self) -> Http2Connection | None:
        """The connection, if a call can start on it now."""
        current = self._current
        return current.connection if current and current.connection.available else None

    @property
    def connected(self) -> bool:
        return self._current is not None and self._current.connection.ready

    def start(self) -> None:
        """Connect, unless connected or connecting already."""
        if self._current is None and self._connecting is None and not self._closed:
            self._connecting = asyncio.create_task(self._connect())

    async def close(self) -> None:
        self._closed = True
        if self._connecting is not None:
            self._connecting.cancel()
        for protocol in [*self._ending, *filter(None, [self._current])]:
            protocol.end()
        self._current = None
        self._ending.clear()

    async def _connect(self) -> None:
        wait = BACKOFF_SECONDS
        address, tls = self.address, self.address.tls()
        while True:
            try:
                self._current = await connect(address.host, address.port, tls, self._on_change)
            except (OSError, TimeoutError) as error:
                log.debug("upstream.away", upstream=self._name, reason=str(error))
                await asyncio.sleep(wait * random.uniform(0.8, 1.2))  # noqa: S311 - no secret
                wait = min(wait * 2, BACKOFF_SECONDS_MAX)
            else:
                self._connecting = None
                self._on_change()
                return

    def _on_change(self) -> None:
        current = self._current
        if current is not None and current.connection.closed:
            # It accepts no new calls. Open calls continue.
            self._current = None
            if current.connection.streams:
                self._ending.add(current)
            self.start()
        if self._ending:
            self._ending = {each for each in self._ending if each.connection.streams}
        self._changed()
