"""Message codecs of WebSockets: JSON and binary, as whole frames."""

from typing import Any, Protocol

import orjson
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError, Message
from google.rpc import status_pb2
from libral.gateway.v1 import socket_pb2

from gateway.codec import Codec
from gateway.contracts.descriptors import Method
from gateway.http.errors import Metadata, Renderer, StatusError, invalid_field
from gateway.http.metadata import visible_metadata
from gateway.streams.fan_out import StreamItem
from gateway.streams.subscription import OK_STATUS
from gateway.websocket.commands import ClientCommand, decode_binary_command, decode_json_command
from gateway.websocket.framing import BINARY, TEXT, make_frame


class MessageCodec(Protocol):
    """Encoding of both sides' messages. A `tag` is the encoded id of a call."""

    subprotocol: str

    def decode_command(self, message: dict[str, Any]) -> ClientCommand:
        """Decode a message of the client (ASGI's `websocket.receive`).

        Raises:
            StatusError: It is invalid.
        """
        ...

    def decode_request(self, method: Method, content: bytes | None) -> Message:
        """Decode a request message. None: an empty one.

        Raises:
            StatusError: It is no request of that method.
        """
        ...

    def encode_tag(self, call_id: str) -> bytes: ...

    def encode_pong(self) -> bytes: ...

    def encode_authenticated(self) -> bytes: ...

    def encode_error(self, error: StatusError) -> bytes: ...

    def encode_headers(self, tag: bytes, metadata: dict[str, str]) -> bytes: ...

    def encode_message(self, tag: bytes, item: StreamItem, *, enum_numbers: bool) -> bytes: ...

    def encode_end(self, tag: bytes, error: StatusError | None, trailers: Metadata) -> bytes: ...


class JsonMessageCodec:
    """JSON in text frames."""

    subprotocol = "libral.v1.json"

    def __init__(self, codec: Codec, renderer: Renderer) -> None:
        self._codec = codec
        self._renderer = renderer

    def decode_command(self, message: dict[str, Any]) -> ClientCommand:
        return decode_json_command(message.get("text"))

    def decode_request(self, method: Method, content: bytes | None) -> Message:
        message = method.request_class()
        if content is not None:
            self._codec.decode(content, message, None)
        return message

    def encode_tag(self, call_id: str) -> bytes:
        return b',"id":' + orjson.dumps(call_id) if call_id else b""

    def encode_pong(self) -> bytes:
        return make_frame(TEXT, b'{"type":"pong"}')

    def encode_authenticated(self) -> bytes:
        return make_frame(TEXT, b'{"type":"authenticated"}')

    def encode_error(self, error: StatusError) -> bytes:
        return make_frame(
            TEXT, b'{"type":"error","status":' + self._renderer.render_status(error) + b"}"
        )

    def encode_headers(self, tag: bytes, metadata: dict[str, str]) -> bytes:
        encoded = orjson.dumps(metadata)
        return make_frame(TEXT, b'{"type":"headers"' + tag + b',"metadata":' + encoded + b"}")

    def encode_message(self, tag: bytes, item: StreamItem, *, enum_numbers: bool) -> bytes:
        key = (TEXT, tag, enum_numbers)
        known = item.frames.get(key)
        if known is None:
            data = self._codec.encode(item.message, item.field, enum_numbers=enum_numbers)
            cursor = b',"cursor":' + orjson.dumps(item.cursor) if item.cursor else b""
            text = b'{"type":"message"' + tag + b',"data":' + data + cursor + b"}"
            known = item.frames[key] = make_frame(TEXT, text)
        return known

    def encode_end(self, tag: bytes, error: StatusError | None, trailers: Metadata) -> bytes:
        status = OK_STATUS if error is None else self._renderer.render_status(error)
        visible = visible_metadata(trailers)
        more = b',"trailers":' + orjson.dumps(visible) if visible else b""
        return make_frame(TEXT, b'{"type":"end"' + tag + b',"status":' + status + more + b"}")


class BinaryMessageCodec:
    """`libral.gateway.v1.ServerFrame` in binary frames."""

    subprotocol = "libral.v1.binary"

    def decode_command(self, message: dict[str, Any]) -> ClientCommand:
        return decode_binary_command(message.get("bytes"))

    def decode_request(self, method: Method, content: bytes | None) -> Message:
        message = method.request_class()
        try:
            message.ParseFromString(content or b"")
        except DecodeError:
            raise invalid_field("message", f"must be a {method.input.full_name}.") from None
        return message

    def encode_tag(self, call_id: str) -> bytes:
        return call_id.encode()

    def encode_pong(self) -> bytes:
        return binary_frame(socket_pb2.ServerFrame(pong=Empty()))

    def encode_authenticated(self) -> bytes:
        return binary_frame(socket_pb2.ServerFrame(authenticated=Empty()))

    def encode_error(self, error: StatusError) -> bytes:
        return binary_frame(socket_pb2.ServerFrame(error=error.status))

    def encode_headers(self, tag: bytes, metadata: dict[str, str]) -> bytes:
        headers = socket_pb2.Headers(metadata=metadata)
        return binary_frame(socket_pb2.ServerFrame(id=tag.decode(), headers=headers))

    def encode_message(self, tag: bytes, item: StreamItem, *, enum_numbers: bool) -> bytes:  # noqa: ARG002
        key = (BINARY, tag)
        known = item.frames.get(key)
        if known is None:
            message = socket_pb2.Message(content=item.content, cursor=item.cursor)
            frame = socket_pb2.ServerFrame(id=tag.decode(), message=message)
            known = item.frames[key] = binary_frame(frame)
        return known

    def encode_end(self, tag: bytes, error: StatusError | None, trailers: Metadata) -> bytes:
        status = status_pb2.Status() if error is None else error.status
        end = socket_pb2.End(status=status, trailers=visible_metadata(trailers))
        return binary_frame(socket_pb2.ServerFrame(id=tag.decode(), end=end))


def choose_message_codec(offered: list[str], codec: Codec, renderer: Renderer) -> MessageCodec:
    """Return the codec of the first known subprotocol that the client offers, or JSON."""
    for name in offered:
        if name == BinaryMessageCodec.subprotocol:
            return BinaryMessageCodec()
        if name == JsonMessageCodec.subprotocol:
            break
    return JsonMessageCodec(codec, renderer)


def binary_frame(frame: socket_pb2.ServerFrame) -> bytes:
    return make_frame(BINARY, frame.SerializeToString())
