"""Metadata of an upstream as headers of the answer: `grpc-metadata-…` and `grpc-trailer-…`."""

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
# What HTTP itself says of the answer.
OWN = frozenset(
    {"accept-encoding", "content-length", "content-type", "date", "server", "x-request-id"}
)
HIDDEN = HOP_BY_HOP | OWN
KEY = re.compile(r"[0-9a-z_.-]+")
BYTES_MAX = 8 * 1024

Headers = list[tuple[str, str]]


def metadata_headers(initial: Metadata, trailers: Metadata) -> Headers:
    """Make the headers that tell a client what an upstream sent before its answer and after.

    What is of gRPC, of this mesh or of the connection is left out, and what is beyond 8 KiB.
    """
    headers = [(METADATA_PREFIX + key, value) for key, value in visible_entries(initial)]
    headers += [(TRAILER_PREFIX + key, value) for key, value in visible_entries(trailers)]
    return limit_size(headers)


def with_trailers(status: bytes, trailers: Metadata) -> bytes:
    """Put what an upstream sent at the end of a stream into its final status."""
    found = visible_metadata(trailers)
    return status[:-1] + b',"trailers":' + orjson.dumps(found) + b"}" if found else status


def visible_metadata(metadata: Metadata) -> dict[str, str]:
    """What a client may see, by key: several values of one have commas between."""
    found: dict[str, str] = {}
    for key, value in limit_size(list(visible_entries(metadata))):
        found[key] = f"{found[key]},{value}" if key in found else value
    return found


def visible_entries(metadata: Metadata) -> Iterator[tuple[str, str]]:
    """Yield what a client may see, bytes as base64."""
    for key, value in metadata:
        if key.startswith(PRIVATE_PREFIXES) or key in HIDDEN or not KEY.fullmatch(key):
            continue
        text = b64encode(value).decode("ascii") if isinstance(value, bytes) else value
        if is_text(text):
            yield key, text


def limit_size(headers: Headers) -> Headers:
    """Leave out what is beyond 8 KiB."""
    sizes = itertools.accumulate(map(size_of, headers))
    return [header for header, size in zip(headers, sizes, strict=True) if size <= BYTES_MAX]


def size_of(header: tuple[str, str]) -> int:
    return len(header[0]) + len(header[1])


def is_text(value: str) -> bool:
    """True if a header of gRPC can carry it: printable ASCII."""
    return value.isascii() and value.isprintable()
