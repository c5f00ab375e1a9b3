"""Uploads: the request messages of a call, sent upstream as they arrive from the client."""

from typing import Protocol

from google.protobuf.message import Message

from gateway.bodies.message_builder import MessageBuilder
from gateway.bodies.readers import BodyReader, make_reader
from gateway.codec import Codec
from gateway.http.errors import StatusError
from gateway.http.messages import Request
from gateway.routing.routes import RouteMatch


class RequestSink(Protocol):
    """Destination of request messages: an upstream stream or a bidi call."""

    async def send(self, message: bytes) -> None: ...

    async def half_close(self) -> None: ...


class CallEndedError(Exception):
    """The upstream ended the call and accepts no more messages."""


class Upload:
    """The messages of one request. `bound` is the message of path and query."""

    def __init__(self, request: Request, match: RouteMatch, codec: Codec) -> None:
        """Bind path and query, and choose the reader by the content type.

        Raises:
            StatusError: 400 or 415.
        """
        self._request = request
        self._builder = MessageBuilder(match, request.query, codec)
        self.bound = self._builder.bound
        kind = request.headers.get("content-type", "")
        self._reader = make_reader(kind, self._builder) if match.route.takes_body else None

    async def send(self, sink: RequestSink) -> None:
        """Send each message as soon as it is complete and the upstream accepts it.

        If the upstream ends the call early, return: its response holds the reason.

        Raises:
            StatusError: The body is invalid, too long or too slow.
            ClientGoneError: The client disconnected before the end of the body.
        """
        try:
            if self._reader is None:
                await send_message(sink, self.bound.message)
            else:
                await self._send_body(sink, self._reader)
        except CallEndedError:
            return
        await sink.half_close()

    async def _send_body(self, sink: RequestSink, reader: BodyReader) -> None:
        async for data in self._request.chunks():
            for message in reader.feed(data):
                await send_message(sink, message)
        for message in (*reader.end(), *self._builder.remaining()):
            await send_message(sink, message)


async def send_message(sink: RequestSink, message: Message) -> None:
    """Send one message.

    Raises:
        CallEndedError: The call has ended.
    """
    try:
        await sink.send(message.SerializeToString())
    except StatusError:
        raise CallEndedError from None
