"""gRPC over HTTP/2 (PROTOCOL-HTTP2 of grpc): metadata, deadlines, messages, statuses."""

import base64
import binascii
import struct
from functools import lru_cache
from urllib.parse import unquote

from gateway.http.errors import (
    CANCELLED,
    INTERNAL,
    PERMISSION_DENIED,
    RESOURCE_EXHAUSTED,
    UNAUTHENTICATED,
    UNAVAILABLE,
    UNIMPLEMENTED,
    UNKNOWN,
    Metadata,
)
from gateway.http2.blocks import Fields, cached_field, literal_field
from gateway.http2.frames import ErrorCode
from services.common.version import VERSION

PREFIX = struct.Struct(">BI")
BINARY = "-bin"
TIMEOUT_UNITS = ((b"n", 1e-9), (b"u", 1e-6), (b"m", 1e-3), (b"S", 1.0))
TIMEOUT_MAX = 99_999_999
# Headers of a response that are not metadata.
RESERVED = frozenset({b":status", b"content-type", b"grpc-status", b"grpc-message", b"te"})
UNIQUE = frozenset({"x-request-id", "traceparent"})

# HTTP status → gRPC code (http-grpc-status-mapping of grpc).
HTTP_CODES = {
    400: INTERNAL,
    401: UNAUTHENTICATED,
    403: PERMISSION_DENIED,
    404: UNIMPLEMENTED,
    429: UNAVAILABLE,
    502: UNAVAILABLE,
    503: UNAVAILABLE,
    504: UNAVAILABLE,
}
RESET_CODES = {
    ErrorCode.REFUSED_STREAM: UNAVAILABLE,
    ErrorCode.CONNECT_ERROR: UNAVAILABLE,
    ErrorCode.CANCEL: CANCELLED,
    ErrorCode.ENHANCE_YOUR_CALM: RESOURCE_EXHAUSTED,
    ErrorCode.INADEQUATE_SECURITY: PERMISSION_DENIED,
}


@lru_cache(maxsize=4096)
def request_head(path: str, authority: str, scheme: str) -> bytes:
    """Return the encoded header fields that all calls of a method share."""
    fields = (
        (b":method", b"POST"),
        (b":scheme", scheme.encode()),
        (b":path", path.encode()),
        (b":authority", authority.encode()),
        (b"te", b"trailers"),
        (b"content-type", b"application/grpc+proto"),
        (b"user-agent", b"libral-gateway/" + VERSION.encode()),
    )
    return b"".join(literal_field(name, value) for name, value in fields)


def request_block(head: bytes, metadata: Metadata, seconds: float) -> bytes:
    parts = [head, literal_field(b"grpc-timeout", encode_timeout(seconds))]
    for key, value in metadata:
        name = key.encode()
        if isinstance(value, bytes):
            parts.append(literal_field(name, base64.b64encode(value).rstrip(b"=")))
        elif key in UNIQUE:
            parts.append(literal_field(name, value.encode()))
        else:
            parts.append(cached_field(name, value.encode()))
    return b"".join(parts)


def encode_timeout(seconds: float) -> bytes:
    """Encode a deadline with the best precision that eight digits allow."""
    for unit, size in TIMEOUT_UNITS:
        number = int(max(seconds, 0.0) / size)
        if number <= TIMEOUT_MAX:
            return b"%d%b" % (number, unit)
    return b"%dS" % TIMEOUT_MAX


def read_metadata(fields: Fields) -> Metadata:
    """Return the metadata of a response. Values of `-bin` keys that are not base64 are dropped."""
    if all(name in RESERVED for name, _ in fields):
        return []
    metadata: Metadata = []
    for name, value in fields:
        if name in RESERVED or name.startswith(b":"):
            continue
        key = name.decode("latin-1")
        if not key.endswith(BINARY):
            metadata.append((key, value.decode("latin-1")))
            continue
        for part in value.split(b","):
            padded = part.strip() + b"=" * (-len(part.strip()) % 4)
            try:
                metadata.append((key, base64.b64decode(padded, validate=True)))
            except binascii.Error:
                continue
    return metadata


@lru_cache(maxsize=1024)
def read_status(fields: Fields) -> tuple[int, str] | None:
    """Return code and message of the end of a call, or None if the fields are no trailers."""
    found = dict(fields)
    code = found.get(b"grpc-status")
    if code is None:
        return None
    message = unquote(found.get(b"grpc-message", b"").decode("latin-1"), errors="replace")
    return (int(code) if code.isdigit() else UNKNOWN), message


@lru_cache(maxsize=1024)
def http_status(fields: Fields) -> int:
    """Return the HTTP status, or 0 in trailers."""
    for name, value in fields:
        if name == b":status":
            return int(value) if value.isdigit() else 0
    return 0


def code_of_http(status: int) -> int:
    return HTTP_CODES.get(status, UNKNOWN)


def code_of_reset(code: ErrorCode) -> int:
    return RESET_CODES.get(code, INTERNAL)


def frame_message(message: bytes) -> bytes:
    return PREFIX.pack(0, len(message)) + message
