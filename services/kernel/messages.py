"""Opaque page tokens (AIP-158)."""

import base64
import binascii
import hashlib
import json
from typing import Any, Protocol

from google.protobuf import message

from services.kernel.errors import invalid

PAGE_SIZE_DEFAULT = 50
PAGE_SIZE_MAX = 1000


class ListRequest(Protocol):
    """A request that asks for a page."""

    page_size: int
    page_token: str


def page_size(request: ListRequest) -> int:
    """Tells how many items to return: clamps what is large, rejects what is negative."""
    if request.page_size < 0:
        raise invalid("page_size", "It must not be negative.")
    return min(request.page_size or PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)


def encode_token(request: message.Message, cursor: list[Any]) -> str:
    """Makes the token of the page after `cursor`, a list of JSON values.

    The token belongs to the arguments of `request`: with others it is refused.
    """
    content = json.dumps([digest(request), *cursor], separators=(",", ":"))
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def decode_token(request: message.Message, length: int) -> list[Any] | None:
    """Reads the cursor out of a request's token, or None for the first page.

    Raises:
        InvalidArgumentError: The token was not made here for these arguments,
            or its cursor has not `length` values.
    """
    token: str = request.page_token  # type: ignore[attr-defined]  # every list request has it
    if not token:
        return None
    try:
        content = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (binascii.Error, ValueError):
        raise invalid("page_token", "It is not a token of this service.") from None
    if not isinstance(content, list) or len(content) != length + 1:
        raise invalid("page_token", "It is not a token of this service.")
    if content[0] != digest(request):
        raise invalid("page_token", "It belongs to other arguments.")
    return content[1:]


def digest(request: message.Message) -> str:
    """Hashes the arguments that must stay the same from page to page."""
    arguments = type(request)()
    arguments.CopyFrom(request)
    arguments.ClearField("page_token")
    arguments.ClearField("page_size")
    content = arguments.SerializeToString(deterministic=True)
    return hashlib.sha256(content).hexdigest()[:16]
