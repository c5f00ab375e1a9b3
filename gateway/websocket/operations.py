"""Calls on a WebSocket: what the upstream says, put on the connection."""

import asyncio
import contextlib
from collections.abc import Callable

import structlog
from google.protobuf.message import Message

from gateway.http.errors import (
    RESOURCE_EXHAUSTED,
    Metadata,
    StatusError,
    failure,
    internal,
    reason_of,
)
from gateway.http.metadata import texts
from gateway.http.tasks import cancel_and_wait
from gateway.streams.bidi import Dialog
from gateway.streams.fan_out import TOO_SLOW, Item
from gateway.streams.subscription import Feed
from gateway.websocket.session import Connection

TURN_SECONDS = 1.0

log = structlog.get_logger()

Ended = Callable[[StatusError | None], None]


class Subscription:
    """A server stream, which may be shared: it is put on the connection as it comes."""

    def __init__(
        self, connection: Connection, tag: bytes, feed: Feed, ended: Ended, *, enum_numbers: bool
    ) -> None:
        self._connection = connection
        self._tag = tag
        self._feed = feed
        self._ended = ended
        self._enum_numbers = enum_numbers

    def start(self) -> None:
        self._feed.pour(self)

    def wake(self) -> None:
        self._feed.wake()

    @property
    def ready(self) -> bool:
        return self._connection.ready

    def begin(self, headers: Metadata) -> None:
        send_headers(self._connection, self._tag, headers)

    def take(self, item: Item) -> None:
        wire = self._connection.wire
        self._connection.push(wire.message(self._tag, item, enum_numbers=self._enum_numbers))

    def finish(self, error: StatusError | None, trailers: Metadata) -> None:
        self._feed.close()
        if error is not None and reason_of(error) == TOO_SLOW:
            self._connection.drop_slow()
            return
        self._connection.push(self._connection.wire.end(self._tag, error, trailers))
        self._ended(error)

    async def close(self) -> None:
        self._feed.close()


class Conversation:
    """A call on which both sides may speak, or one with a single answer."""

    def __init__(self, connection: Connection, tag: bytes, dialog: Dialog, ended: Ended) -> None:
        self.dialog = dialog
        self._connection = connection
        self._tag = tag
        self._ended = ended

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    def wake(self) -> None:
        """It waits for room by itself."""

    async def say(self, message: Message) -> None:
        """Sends a message, or ends the call if the upstream takes none within a second."""
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await self.dialog.send(message.SerializeToString())
        except TimeoutError:
            problem = "The upstream takes no message."
            self.dialog.end(failure(RESOURCE_EXHAUSTED, "UPSTREAM_TOO_SLOW", problem))
        except StatusError:
            """The reader tells how the call ended."""

    async def say_all(self) -> None:
        """Says that no more messages follow."""
        with contextlib.suppress(StatusError):
            await self.dialog.half_close()

    async def close(self) -> None:
        await cancel_and_wait(self._task)

    async def _run(self) -> None:
        error: StatusError | None = None
        try:
            await self._carry()
        except StatusError as problem:
            error = problem
        except Exception:
            log.exception("websocket.failed", method=self.dialog.method.full_name)
            error = internal()
        finally:
            self.dialog.close()
        trailers = error.trailers if error is not None else self.dialog.trailers()
        self._connection.push(self._connection.wire.end(self._tag, error, trailers))
        self._ended(error)

    async def _carry(self) -> None:
        connection = self._connection
        send_headers(connection, self._tag, await self.dialog.headers())
        while (item := await self.dialog.read()) is not None:
            await connection.room()
            connection.push(connection.wire.message(self._tag, item, enum_numbers=False))


def send_headers(connection: Connection, tag: bytes, metadata: Metadata) -> None:
    """Sends the metadata, if there is any for the client."""
    told = texts(metadata)
    if told:
        connection.push(connection.wire.headers(tag, told))
