"""Commands of WebSocket clients, decoded and validated."""

from dataclasses import dataclass, field
from typing import Any

import orjson
from google.protobuf.message import DecodeError
from libral.gateway.v1 import socket_pb2

from gateway.http.errors import INVALID_ARGUMENT, StatusError, failure, invalid_field

MESSAGE_BYTES_MAX = 1024 * 1024
ID_CHARACTERS_MAX = 64
METADATA_MAX = 64
KINDS = ("authenticate", "subscribe", "call", "message", "end", "cancel", "ping")


@dataclass(frozen=True)
class ClientCommand:
    """One command of a client. `content` is a request message, as its message codec encodes it."""

    kind: str
    id: str = ""
    token: str = ""
    path: str = ""
    method: str = ""
    metadata: dict[str, str] = field(default_factory=dict[str, str])
    seconds: float | None = None
    content: bytes | None = None
    end: bool = False


def decode_json_command(text: str | None) -> ClientCommand:
    """Decode a text message.

    Raises:
        StatusError: It names the invalid member.
    """
    if text is None:
        raise failure(INVALID_ARGUMENT, "MESSAGE_NOT_TEXT", "Messages must be JSON in text.")
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        message = None
    if not isinstance(message, dict):
        raise failure(INVALID_ARGUMENT, "MESSAGE_NOT_JSON", "A message must be a JSON object.")
    kind = message.get("type")
    if kind not in KINDS:
        raise invalid_field("type", f"must be one of {', '.join(KINDS)}.")
    has_content = "data" in message and kind in {"call", "message"}
    return ClientCommand(
        kind=kind,
        id=read_text(message, "id"),
        token=read_text(message, "token"),
        path=read_text(message, "path"),
        method=read_text(message, "method"),
        metadata=read_metadata_member(message),
        seconds=read_seconds(message),
        content=orjson.dumps(message["data"]) if has_content else None,
        end=message.get("end") is True,
    )


def read_text(message: dict[str, Any], name: str) -> str:
    value = message.get(name, "")
    if not isinstance(value, str):
        raise invalid_field(name, "must be text.")
    return value


def read_metadata_member(message: dict[str, Any]) -> dict[str, str]:
    given = message.get("metadata", {})
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise invalid_field("metadata", "must be an object of texts.")
    return check_metadata(given)


def check_metadata(given: dict[str, str]) -> dict[str, str]:
    if len(given) > METADATA_MAX:
        raise invalid_field("metadata", f"has more than {METADATA_MAX} entries.")
    return {key.lower(): value for key, value in given.items()}


def read_seconds(message: dict[str, Any]) -> float | None:
    given = message.get("timeout")
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise invalid_field("timeout", "must be a number of seconds.")
    return check_seconds(float(given))


def check_seconds(seconds: float) -> float:
    if seconds <= 0:
        raise invalid_field("timeout", "must be more than 0 seconds.")
    return seconds


def decode_binary_command(content: bytes | None) -> ClientCommand:
    """Decode a binary message, which is a `libral.gateway.v1.ClientFrame`.

    Raises:
        StatusError: It names the invalid field.
    """
    if content is None:
        raise failure(INVALID_ARGUMENT, "MESSAGE_NOT_BINARY", "Messages must be ClientFrames.")
    try:
        frame = socket_pb2.ClientFrame.FromString(content)
    except DecodeError:
        raise failure(
            INVALID_ARGUMENT, "MESSAGE_NOT_PROTOBUF", "A message must be a ClientFrame."
        ) from None
    kind = frame.WhichOneof("action")
    if kind is None:
        raise invalid_field("action", f"must be one of {', '.join(KINDS)}.")
    call = frame.call
    content = call.message if call.HasField("message") else None
    seconds = call.timeout.seconds + call.timeout.nanos / 1e9 if call.HasField("timeout") else None
    return ClientCommand(
        kind=kind,
        id=frame.id,
        token=frame.authenticate.token,
        path=frame.subscribe.path,
        method=call.method,
        metadata=check_metadata(dict(call.metadata)),
        seconds=None if seconds is None else check_seconds(seconds),
        content=frame.message if kind == "message" else content,
        end=call.end,
    )


def check_id(command: ClientCommand) -> str:
    if not 1 <= len(command.id) <= ID_CHARACTERS_MAX:
        raise invalid_field("id", f"must be text of 1 to {ID_CHARACTERS_MAX} characters.")
    return command.id


def check_path(command: ClientCommand) -> str:
    path = command.path
    if not path.startswith("/") or not path.isascii():
        raise invalid_field("path", "must be a path, such as /v1/events:stream?after=12.")
    return path


def unexpected_command(command: ClientCommand, reason: str) -> StatusError:
    return invalid_field("type", f"{command.kind} is not allowed here: {reason}.")
