"""Server streams of the gateway over one WebSocket, reopened when they are lost."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import orjson
import structlog
import websockets

from dashboard.api.fields import Json
from dashboard.api.http import GatewayError
from dashboard.sessions import SignedOutError

RETRY_SECONDS = (0.3, 0.6, 1.0, 2.0, 3.0)
REOPEN_SECONDS = 0.5
SETTLE_SECONDS = 1.0
OPEN_SECONDS = 5.0
MESSAGE_BYTES_MAX = 4 * 1024 * 1024

Path = Callable[[], Awaitable[str]]
"""Returns the path of a stream, including its current cursor."""

log = structlog.get_logger()


class Streams:
    """Follows named streams.

    `on_message` is called with each message, `on_end` with the status of a stream that ended.
    `connected` is true while the WebSocket is open; `ended` contains the names of closed streams.
    """

    def __init__(
        self,
        url: str,
        token: Callable[[], Awaitable[str]],
        paths: Mapping[str, Path],
        on_message: Callable[[str, Json], None],
        on_end: Callable[[str, str], None],
    ) -> None:
        self._url = url.replace("http", "ws", 1) + "/v1/ws"
        self._token = token
        self._paths = paths
        self._on_message = on_message
        self._on_end = on_end
        self._openings: dict[str, asyncio.Task[None]] = {}
        self.connected = False
        self.ended: set[str] = set()

    async def run(self) -> None:
        """Follow all streams. Reconnect when the connection is lost.

        Raises:
            SignedOutError: The session has ended.
        """
        tries = 0
        while True:
            try:
                await self._connect()
            except (OSError, ValueError, GatewayError, websockets.WebSocketException) as error:
                log.info("streams.reconnect", error=type(error).__name__)
            except SignedOutError:
                raise
            except Exception:
                log.exception("streams.failed")
            finally:
                for task in self._openings.values():
                    task.cancel()
                tries = 0 if self.connected else tries + 1
                self.connected = False
            await asyncio.sleep(RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)])

    async def _connect(self) -> None:
        """Follow all streams until the connection is lost."""
        headers = {"authorization": f"Bearer {await self._token()}"}
        async with websockets.connect(
            self._url,
            additional_headers=headers,
            max_size=MESSAGE_BYTES_MAX,
            open_timeout=OPEN_SECONDS,
            compression=None,
            proxy=None,
        ) as socket:
            self.connected = True
            for name in self._paths:
                self._open(socket, name, 0)
            while True:
                self._receive(socket, orjson.loads(await socket.recv(decode=False)))

    def _receive(self, socket: websockets.ClientConnection, message: Json) -> None:
        if message["type"] == "message":
            self.ended.discard(message["id"])
            self._on_message(message["id"], message["data"])
        elif message["type"] == "end":
            self.ended.add(message["id"])
            self._on_end(message["id"], message["status"]["status"])
            self._open(socket, message["id"], REOPEN_SECONDS)

    def _open(self, socket: websockets.ClientConnection, name: str, wait: float) -> None:
        """Open a stream after `wait` seconds. Replace an attempt in progress."""
        if name in self._openings:
            self._openings[name].cancel()
        self._openings[name] = asyncio.create_task(self._subscribe(socket, name, wait))

    async def _subscribe(self, socket: websockets.ClientConnection, name: str, wait: float) -> None:
        with suppress(websockets.WebSocketException):
            while True:
                await asyncio.sleep(wait)
                wait = REOPEN_SECONDS
                try:
                    token, path = await self._token(), await self._paths[name]()
                except GatewayError:
                    self.ended.add(name)
                    continue
                except SignedOutError:
                    # run() then reconnects, requests a token again, and raises.
                    return await socket.close()
                await send_message(socket, type="authenticate", token=token)
                await send_message(socket, type="subscribe", id=name, path=path)
                await asyncio.sleep(SETTLE_SECONDS)
                return self.ended.discard(name)


async def send_message(socket: websockets.ClientConnection, **message: str) -> None:
    await socket.send(orjson.dumps(message).decode())
