"""Connections to PostgreSQL that close without waiting for the server.

asyncpg waits for the server when a command is cancelled and when a connection is closed. With an
unresponsive server, a call would exceed its deadline.
"""

import asyncio
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg
from asyncpg import connect_utils

CONNECT_SECONDS = 2.0
COMMAND_SECONDS = 5.0
CANCEL_SECONDS = 2.0

_cancelling: set[asyncio.Task[None]] = set()


class AbortingConnection(asyncpg.Connection):  # type: ignore[misc]
    """A connection that is aborted when it is closed and when a command is cancelled."""

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109, ARG002 - asyncpg's own
        """Abort the connection. It sends no termination message and ignores `timeout`."""
        self.terminate()

    def _cancel_current_command(self, waiter: Any, cancel_waiter: Any = None) -> None:  # noqa: ARG002
        task = self._loop.create_task(send_cancel_request(self))
        _cancelling.add(task)
        task.add_done_callback(_cancelling.discard)
        self._loop.call_soon(self.terminate)


async def send_cancel_request(connection: Any) -> None:
    """Ask the server to cancel the connection's command, which may hold locks. Ignore failures."""
    protocol, library = connection._protocol, cast("Any", connect_utils)  # noqa: SLF001 - asyncpg offers no other way
    try:
        async with asyncio.timeout(CANCEL_SECONDS):
            await library._cancel(  # noqa: SLF001
                loop=connection._loop,  # noqa: SLF001
                addr=connection._addr,  # noqa: SLF001
                params=connection._params,  # noqa: SLF001
                backend_pid=protocol.backend_pid,
                backend_secret=protocol.backend_secret,
            )
    except (OSError, TimeoutError):
        pass


def split_url(url: str, scheme: str) -> tuple[str, dict[str, Any]]:
    """Return a database URL with another scheme, and the arguments to connect with.

    asyncpg does not accept libpq's `sslmode` and `channel_binding` in a URL: the first becomes the
    argument `ssl`, the second is dropped.
    """
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    arguments: dict[str, Any] = {
        "timeout": CONNECT_SECONDS,
        "command_timeout": COMMAND_SECONDS,
        "connection_class": AbortingConnection,
    }
    if mode := query.pop("sslmode", None):
        arguments["ssl"] = mode
    query.pop("channel_binding", None)
    return urlunsplit((scheme, parts.netloc, parts.path, urlencode(query), "")), arguments
