"""Operations: the calls of a WebSocket, whose messages are pushed to the connection."""

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
from gateway.http.metadata import visible_metadata
from gateway.http.tasks import cancel_and_wait
from gateway.streams.fan_out import TOO_SLOW, StreamItem
from gateway.streams.subscription import StreamSubscription
from gateway.streams.unshared_call import UnsharedCall
from gateway.websocket.session import WebSocketConnection

TURN_SECONDS = 1.0

log = structlog.get_logger()

Ended = Callable[[StatusError | None], None]


class StreamOperation:
    """A server stream, which may be shared. Its messages are pushed as they arrive."""

    def __init__(
        self,
        connection: WebSocketConnection,
        tag: bytes,
        subscription: StreamSubscription,
        ended: Ended,
        *,
        enum_numbers: bool,
    ) -> None:
        self._connection = connection
        self._tag = tag
        self._subscription = subscription
        self._ended = ended
        self._enum_numbers = enum_numbers

    def start(self) -> None:
        self._subscription.deliver_to(self)

    def wake(self) -> None:
        self._subscription.wake()

    @property
    def ready(self) -> bool:
        return self._connection.ready

    def begin(self, headers: Metadata) -> None:
        push_headers(self._connection, self._tag, headers)

    def take(self, item: StreamItem) -> None:
        message_codec = self._connection.message_codec
        self._connection.push(
            message_codec.encode_message(self._tag, item, enum_numbers=self._enum_numbers)
        )

    def finish(self, error: StatusError | None, trailers: Metadata) -> None:
        self._subscription.close()
        if error is not None and reason_of(error) == TOO_SLOW:
            self._connection.drop_slow()
            return
        self._connection.push(self._connection.message_codec.encode_end(self._tag, error, trailers))
        self._ended(error)

    async def close(self) -> None:
        self._subscription.close()


class CallOperation:
    """A bidi call, a client stream, or a call with a single response message."""

    def __init__(
        self, connection: WebSocketConnection, tag: bytes, unshared_call: UnsharedCall, ended: Ended
    ) -> None:
        self.unshared_call = unshared_call
        self._connection = connection
        self._tag = tag
        self._ended = ended

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    def wake(self) -> None:
        """Nothing to resume: its task waits for the connection itself."""

    async def send_message(self, message: Message) -> None:
        """Send a message. End the call if the upstream accepts none within a second."""
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await self.unshared_call.send(message.SerializeToString())
        except TimeoutError:
            problem = "The upstream accepts no messages."
            self.unshared_call.end(failure(RESOURCE_EXHAUSTED, "UPSTREAM_TOO_SLOW", problem))
        except StatusError:
            pass  # `_run` reports how the call ended.

    async def half_close(self) -> None:
        """Signal that no more messages follow."""
        with contextlib.suppress(StatusError):
            await self.unshared_call.half_close()

    async def close(self) -> None:
        await cancel_and_wait(self._task)

    async def _run(self) -> None:
        error: StatusError | None = None
        try:
            await self._carry()
        except StatusError as problem:
            error = problem
        except Exception:
            log.exception("websocket.failed", method=self.unshared_call.method.full_name)
            error = internal()
        finally:
            self.unshared_call.close()
        trailers = error.trailers if error is not None else self.unshared_call.trailers()
        self._connection.push(self._connection.message_codec.encode_end(self._tag, error, trailers))
        self._ended(error)

    async def _carry(self) -> None:
        connection = self._connection
        push_headers(connection, self._tag, await self.unshared_call.initial_metadata())
        while (item := await self.unshared_call.read()) is not None:
            await connection.wait_writable()
            connection.push(
                connection.message_codec.encode_message(self._tag, item, enum_numbers=False)
            )


def push_headers(connection: WebSocketConnection, tag: bytes, metadata: Metadata) -> None:
    """Send the initial metadata, if the client may see any of it."""
    visible = visible_metadata(metadata)
    if visible:
        connection.push(connection.message_codec.encode_headers(tag, visible))
