"""`/v1/ws`: many streams on one WebSocket, as docs/architecture.md describes it."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

import orjson
import structlog

from gateway.auth import Caller
from gateway.commands import read_id, read_message, read_path
from gateway.core import Core
from gateway.errors import (
    ALREADY_EXISTS,
    RESOURCE_EXHAUSTED,
    StatusError,
    failure,
    internal,
    invalid_field,
)
from gateway.feed import OK_STATUS, Feed
from gateway.http import ClientGoneError, Request, Send
from gateway.params import bind
from gateway.protocols import CLOSE_NOW
from gateway.stream import cancelled

PATH = "/v1/ws"
SWITCHING = 101
SUBSCRIPTIONS_MAX = 32
QUEUE_MAX = 256
STALL_SECONDS = 10.0
CLOSE_STALLED = 4008
PONG = b'{"type":"pong"}'
AUTHENTICATED = b'{"type":"authenticated"}'

log = structlog.get_logger()


class Socket:
    """One connection: what it subscribed to, and the queue of what it is to get.

    The queue holds 256 messages. A stream whose messages find it full waits,
    and so does its upstream; a client that takes nothing for 10 seconds is
    closed with 4008.
    """

    def __init__(self, core: Core, request: Request, send: Send) -> None:
        self._core = core
        self._request = request
        self._send = send
        self._caller: Caller | None = None
        self._queue: asyncio.Queue[bytes] = asyncio.Queue(QUEUE_MAX)
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def serve(self) -> None:
        """Serves the connection until either side closes it.

        Raises:
            StatusError: The authorization at the upgrade is no good.
        """
        authorization = self._request.headers.get("authorization")
        if authorization:
            self._caller = await self._core.authenticator.verify(authorization)
        await self._send({"type": "websocket.accept"})
        self._request.answer(SWITCHING)
        writer = asyncio.create_task(self._write())
        reader = asyncio.create_task(self._read())
        try:
            await asyncio.wait({reader, writer}, return_when=asyncio.FIRST_COMPLETED)
            if reader.done():
                reader.result()
        except ClientGoneError:
            pass
        finally:
            for task in (reader, writer, *self._tasks.values()):
                await cancelled(task)

    async def _read(self) -> None:
        while True:
            message = await self._request.receive()
            if message["type"] == "websocket.disconnect":
                raise ClientGoneError
            if message["type"] == "websocket.receive":
                await self._handle(message.get("text"))

    async def _write(self) -> None:
        while True:
            message = await self._queue.get()
            try:
                async with asyncio.timeout(STALL_SECONDS):
                    await self._send({"type": "websocket.send", "text": message.decode()})
            except TimeoutError:
                self._request.scope["extensions"][CLOSE_NOW](CLOSE_STALLED, "reads too slowly")
                return

    async def _handle(self, text: str | None) -> None:
        try:
            message = read_message(text)
            kind = message.get("type")
            if kind == "subscribe":
                await self._subscribe(message)
            elif kind == "unsubscribe":
                await self._unsubscribe(read_id(message))
            elif kind == "authenticate":
                await self._authenticate(message)
            elif kind == "ping":
                await self._queue.put(PONG)
            else:
                raise invalid_field("type", "must be authenticate, subscribe, unsubscribe or ping.")
        except StatusError as error:
            status = self._core.renderer.status(error)
            await self._queue.put(b'{"type":"error","status":' + status + b"}")

    async def _authenticate(self, message: dict[str, Any]) -> None:
        token = message.get("token")
        if not isinstance(token, str) or not token:
            raise invalid_field("token", "must be a token.")
        self._caller = await self._core.authenticator.verify(f"Bearer {token}")
        await self._queue.put(AUTHENTICATED)

    async def _subscribe(self, message: dict[str, Any]) -> None:
        name, path = read_id(message), read_path(message)
        if name in self._tasks:
            raise failure(ALREADY_EXISTS, "ID_IN_USE", f"id: {name!r} is subscribed already.")
        if len(self._tasks) >= SUBSCRIPTIONS_MAX:
            raise failure(
                RESOURCE_EXHAUSTED,
                "TOO_MANY_SUBSCRIPTIONS",
                f"One socket has at most {SUBSCRIPTIONS_MAX} subscriptions.",
                metadata={"id": name, "limit": str(SUBSCRIPTIONS_MAX)},
            )
        self._tasks[name] = asyncio.create_task(self._carry(name, path))

    async def _unsubscribe(self, name: str) -> None:
        task = self._tasks.pop(name, None)
        if task is None:
            raise invalid_field("id", "is not subscribed.")
        await cancelled(task)

    async def _carry(self, name: str, path: str) -> None:
        """Carries one stream to its end, and says what that was."""
        id_json = orjson.dumps(name)
        try:
            status = await self._carry_items(id_json, path)
        except StatusError as error:
            status = self._core.renderer.status(error)
        except Exception:
            log.exception("websocket.failed", request_id=self._request.id, path=path)
            status = self._core.renderer.status(internal())
        self._tasks.pop(name, None)
        await self._queue.put(b'{"type":"end","id":' + id_json + b',"status":' + status + b"}")

    async def _carry_items(self, id_json: bytes, path: str) -> bytes:
        feed, enum_numbers = await self._open(path)
        head = b'{"type":"message","id":' + id_json + b',"data":'
        try:
            while (item := await feed.read()) is not None:
                data = self._core.codec.encode(item.message, item.field, enum_numbers=enum_numbers)
                cursor = b',"cursor":' + orjson.dumps(item.cursor) if item.cursor else b""
                await self._queue.put(head + data + cursor + b"}")
        finally:
            feed.close()
        return OK_STATUS

    async def _open(self, path: str) -> tuple[Feed, bool]:
        """Opens the stream at a path, and tells whether its enums are wanted as numbers."""
        parts = urlsplit(path)
        match = self._core.table.find("GET", parts.path)
        method = match.route.method
        if not method.server_streaming:
            raise invalid_field("path", f"{parts.path} is no stream.")
        authorization = self._caller.authorization if self._caller is not None else None
        caller = await self._core.authenticator.caller(authorization, method.rule)
        bound = bind(match, parts.query.encode(), None, self._core.codec)
        return self._core.feeds.open(self._request, match.route, bound, caller), bound.enum_numbers
