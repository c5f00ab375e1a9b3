"""What a client says on the WebSocket, checked."""

from typing import Any

import orjson

from gateway.errors import INVALID_ARGUMENT, failure, invalid_field

MESSAGE_BYTES_MAX = 64 * 1024
ID_CHARACTERS_MAX = 64


def read_message(text: str | None) -> dict[str, Any]:
    if text is None:
        raise failure(INVALID_ARGUMENT, "MESSAGE_NOT_TEXT", "Messages must be JSON in text.")
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        message = None
    if not isinstance(message, dict):
        raise failure(INVALID_ARGUMENT, "MESSAGE_NOT_JSON", "A message must be a JSON object.")
    return message


def read_id(message: dict[str, Any]) -> str:
    name = message.get("id")
    if not isinstance(name, str) or not 1 <= len(name) <= ID_CHARACTERS_MAX:
        raise invalid_field("id", f"must be text of 1 to {ID_CHARACTERS_MAX} characters.")
    return name


def read_path(message: dict[str, Any]) -> str:
    path = message.get("path")
    if not isinstance(path, str) or not path.startswith("/") or not path.isascii():
        raise invalid_field("path", "must be a path, such as /v1/events:stream?after=12.")
    return path
