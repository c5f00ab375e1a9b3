"""Content encoding and conditional responses (RFC 9110)."""

import gzip
import hashlib
import re
from collections.abc import Callable, Mapping
from functools import lru_cache, partial

import brotli
import zstandard

from gateway.http.messages import Request, Response

COMPRESSED_BYTES_MIN = 1024
DIGEST_DIGITS = 24
OK, NOT_MODIFIED = 200, 304
COMPRESSIBLE = re.compile(r"(?:text/|application/(?:[\w.+-]+\+)?json).*")
QUALITY = re.compile(r"q=([01](?:\.[0-9]{0,3})?)")
ANY, IDENTITY = "*", "identity"
REVALIDATED = "private, no-cache"

# In order of preference among encodings of equal quality.
ENCODERS: Mapping[str, Callable[[bytes], bytes]] = {
    "zstd": zstandard.ZstdCompressor(level=3).compress,
    "br": partial(brotli.compress, quality=4),
    "gzip": partial(gzip.compress, compresslevel=5, mtime=0),
}


def compress_response(request: Request, response: Response) -> Response:
    """Compress a long response if the client accepts it (RFC 9110, section 12.5.3)."""
    if len(response.body) < COMPRESSED_BYTES_MIN or not COMPRESSIBLE.match(response.content_type):
        return response
    headers = [*response.headers, ("vary", "accept-encoding")]
    chosen = choose_encoding(request.headers.get("accept-encoding", ""))
    body = response.body
    if chosen is not None:
        headers.append(("content-encoding", chosen))
        body = ENCODERS[chosen](body)
    return Response(response.status, body, response.content_type, headers, response.cache_control)


@lru_cache(maxsize=256)
def choose_encoding(accepted: str) -> str | None:
    """Return the encoding with the highest quality. None: identity."""
    qualities = dict(map(read_quality, filter(None, accepted.lower().split(","))))
    rest = qualities.get(ANY, 0.0)
    best = max(ENCODERS, key=lambda name: qualities.get(name, rest))
    quality = qualities.get(best, rest)
    return best if quality > 0 and quality >= qualities.get(IDENTITY, 0.0) else None


def read_quality(part: str) -> tuple[str, float]:
    name, _, parameter = part.partition(";")
    found = QUALITY.fullmatch(parameter.strip())
    return name.strip(), float(found[1]) if found else float(not parameter.strip())


def add_etag(request: Request, response: Response) -> Response:
    """Add an ETag to a response to GET; return 304 if the client has that version (RFC 9110)."""
    if response.status != OK:
        return response
    if not response.tag:
        digest = hashlib.sha256(response.body).hexdigest()[:DIGEST_DIGITS]
        response.tag = f'W/"{digest}"'
    tag = response.tag
    headers = [*response.headers, ("etag", tag)]
    known = request.headers.get("if-none-match")
    if known is not None and matches_etag(known, tag):
        return Response(NOT_MODIFIED, b"", "", headers, REVALIDATED)
    return Response(OK, response.body, response.content_type, headers, REVALIDATED)


def matches_etag(known: str, tag: str) -> bool:
    """True if If-None-Match holds the tag, compared weakly (section 13.1.2)."""
    opaque = tag.removeprefix("W/")
    return any(
        each.strip() == ANY or each.strip().removeprefix("W/") == opaque
        for each in known.split(",")
    )
