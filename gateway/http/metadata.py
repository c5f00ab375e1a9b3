"""Upstream metadata as response headers: `grpc-metadata-…` and `grpc-trailer-…`."""

import itertools
import re
from base64 import b64encode
from collections.abc import Iterator

import orjson

from gateway.http.errors import Metadata

METADATA_PREFIX, TRAILER_PREFIX = "grpc-metadata-", "grpc-trailer-"
PRIVATE_PREFIXES = ("x-libral-", "grpc-")
HOP_BY_HOP = frozenset(
    {
        "connection",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
# Keys that would collide with HTTP headers of the response.
OWN = frozenset(
    {"accept-encoding", "content-length", "content-type", "date", "server", "x-request-id"}
)
HIDDEN = HOP_BY_HOP | OWN
KEY = re.compile(r"[0-9a-z_.-]+")
BYTES_MAX = 8 * 1024

Headers = list[tuple[str, str]]


def metadata_headers(initial: Metadata, trailers: Metadata) -> Headers:
    """Return the headers for the initial and trailing metadata of an upstream.

    Keys of gRPC, of this mesh and of the connection are left out, and all beyond 8 KiB.
    """
    headers = [(METADATA_PREFIX + key, value) for key, value in visible_entries(initial)]
    headers += [(TRAILER_PREFIX + key, value) for key, value in visible_entries(trailers)]
    return limit_size(headers)


def with_trailers(status: bytes, trailers: Metadata) -> bytes:
    """Add the trailing metadata of a stream to its final status."""
    found = visible_metadata(trailers)
    return status[:-1] + b',"trailers":' + orjson.dumps(found) + b"}" if found else status


def visible_metadata(metadata: Metadata) -> dict[str, str]:
    """Return the metadata that a client may see. Several values of a key are joined by commas."""
    found: dict[str, str] = {}
    for key, value in limit_size(list(visible_entries(metadata))):
        found[key] = f"{found[key]},{value}" if key in found else value
    return found


def visible_entries(metadata: Metadata) -> Iterator[tuple[str, str]]:
    """Yield the metadata that a client may see, bytes as base64."""
    for key, value in metadata:
        if key.startswith(PRIVATE_PREFIXES) or key in HIDDEN or not KEY.fullmatch(key):
            continue
        text = b64encode(value).decode("ascii") if isinstance(value, bytes) else value
        if is_text(text):
            yield key, text


def limit_size(headers: Headers) -> Headers:
    """Drop headers beyond 8 KiB."""
    sizes = itertools.accumulate(map(size_of, headers))
    return [header for header, size in zip(headers, sizes, strict=True) if size <= BYTES_MAX]


def size_of(header: tuple[str, str]) -> int:
    return len(header[0]) + len(header[1])


def is_text(value: str) -> bool:
    """True if a gRPC header can carry the value: printable ASCII."""
    return value.isascii() and value.isprintable()
