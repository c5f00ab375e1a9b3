"""HTTP messages: a request with its body, and a response."""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import getrandbits
from typing import Any
from urllib.parse import quote

from gateway.http.errors import (
    DEADLINE_EXCEEDED,
    INVALID_ARGUMENT,
    OK,
    Renderer,
    StatusError,
    failure,
    retry_after,
)
from gateway.http.metadata import metadata_headers
from gateway.http.trace import parent_of

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

BODY_BYTES_MAX = 1024 * 1024
UPLOAD_BYTES_MAX = 256 * 1024 * 1024
BODY_SECONDS = 30.0
WITHOUT_BODY = frozenset({204, 304})
NO_STORE = "no-store"
JSON, NDJSON, FORM = "application/json", "application/x-ndjson", "multipart/form-data"
UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
# The version and variant bits of a UUID, and their values in version 4 (RFC 9562).
UUID_4_MASK, UUID_4 = 0xF << 76 | 0x3 << 62, 0x4 << 76 | 0x2 << 62
JSON_TYPE = re.compile(r"application/(?:[\w.+-]+\+)?json(?:\s*;.*)?", re.IGNORECASE)
# Unescaped characters of a path besides ASCII letters and digits: "_.-~" (RFC 3986, section 3.3).
SEGMENTS = "/:@!$&'()*+,;="
# ASGI extensions of the gateway's own server. They are optional under other servers.
ABORT = "gateway.abort"
SEND_RESPONSE = "gateway.send_response"


class ClientGoneError(Exception):
    """The client closed the connection, so a response cannot be delivered."""


class ResponseAbortedError(Exception):
    """The response is cut off: the server must close the connection without completing it."""


@dataclass(frozen=True)
class Body:
    """The whole body of a request."""

    content: bytes
    content_type: str


@dataclass
class Request:
    """A request, and its outcome.

    `trace` is its traceparent. `route` is the label of its metrics. `responded_at` is when the
    response
    began, on the clock of `time.perf_counter`; `outcome` is the gRPC code that it ended with.
    `cors` are
    headers to add to every response.
    """

    scope: Scope
    receive: Receive
    method: str
    path: str
    query: bytes
    headers: dict[str, str]
    id: str
    client: str
    trace: str
    route: str = "unmatched"
    status: int = 0
    responded_at: float = 0.0
    outcome: int = OK
    cors: Sequence[tuple[bytes, bytes]] = ()

    @classmethod
    def read(cls, scope: Scope, receive: Receive) -> "Request":
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        client = scope.get("client")
        return cls(
            scope=scope,
            receive=receive,
            method=scope.get("method", "GET"),
            path=raw_path_of(scope),
            query=scope.get("query_string", b""),
            headers=headers,
            id=request_id(headers.get("x-request-id", "")),
            client=client[0] if client else "",
            trace=parent_of(headers),
        )

    def start_response(self, status: int) -> None:
        """Note the status and the time at which the response begins."""
        self.status, self.responded_at = status, time.perf_counter()

    async def read_body(self) -> bytes:
        """Read the whole body.

        Raises:
            StatusError: 413, it is too long; 408, it takes longer than 30 seconds.
            ClientGoneError: The client disconnected before its end.
        """
        self._check_declared(BODY_BYTES_MAX)
        try:
            async with asyncio.timeout(BODY_SECONDS):
                return await self._read_chunks()
        except TimeoutError:
            raise too_slow() from None

    async def _read_chunks(self) -> bytes:
        chunks: list[bytes] = []
        length, more = 0, True
        while more:
            chunk, more = await self._receive_chunk()
            chunks.append(chunk)
            length += len(chunk)
            if length > BODY_BYTES_MAX:
                raise too_large(BODY_BYTES_MAX)
        return b"".join(chunks)

    async def chunks(self) -> AsyncGenerator[bytes]:
        """Yield the body as it arrives, up to 256 MiB.

        Raises:
            StatusError: 413, it is too long; 408, nothing arrived for 30 seconds.
            ClientGoneError: The client disconnected before its end.
        """
        self._check_declared(UPLOAD_BYTES_MAX)
        length, more = 0, True
        while more:
            try:
                async with asyncio.timeout(BODY_SECONDS):
                    chunk, more = await self._receive_chunk()
            except TimeoutError:
                raise too_slow() from None
            length += len(chunk)
            if length > UPLOAD_BYTES_MAX:
                raise too_large(UPLOAD_BYTES_MAX)
            yield chunk

    async def _receive_chunk(self) -> tuple[bytes, bool]:
        """Return the next chunk of the body, and whether more follow."""
        message = await self.receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        return message.get("body", b""), message.get("more_body", False)

    def _check_declared(self, limit: int) -> None:
        declared = self.headers.get("content-length", "0")
        if not declared.isdigit() or int(declared) > limit:
            raise too_large(limit)

    async def read_json_body(self, *, raw: bool) -> Body:
        """Read a body, which must be JSON unless `raw`.

        Raises:
            StatusError: 415 for another content type, or as `read_body`.
        """
        kind = self.headers.get("content-type", "")
        if not raw and kind and not JSON_TYPE.fullmatch(kind):
            raise unsupported(JSON)
        return Body(await self.read_body(), kind)

    def abort(self) -> None:
        """Drop the connection, with what is still to be sent.

        Raises:
            ResponseAbortedError: The server lacks the extension, and drops it for this error.
        """
        drop = extensions_of(self.scope).get(ABORT)
        if drop is None:
            raise ResponseAbortedError
        drop()


@dataclass
class Response:
    """A response that is sent whole. `tag` is its ETag, once computed."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    cache_control: str = NO_STORE
    tag: str = ""

    def encoded_headers(self, request: Request) -> list[tuple[bytes, bytes]]:
        headers = base_headers(request, self.content_type, self.cache_control)
        if self.status not in WITHOUT_BODY:
            headers.append((b"content-length", b"%d" % len(self.body)))
        headers += [(name.encode(), value.encode("latin-1")) for name, value in self.headers]
        return headers


def base_headers(
    request: Request, content_type: str, cache_control: str = NO_STORE
) -> list[tuple[bytes, bytes]]:
    headers = [
        (b"x-request-id", request.id.encode()),
        (b"cache-control", cache_control.encode()),
        (b"x-content-type-options", b"nosniff"),
    ]
    if content_type:
        headers.append((b"content-type", content_type.encode("latin-1")))
    if request.cors:
        headers += request.cors
    return headers


def extensions_of(scope: Scope) -> Mapping[str, Any]:
    """Return the ASGI extensions that the server offers."""
    return scope.get("extensions") or {}


def raw_path_of(scope: Scope) -> str:
    """Return the path as the client wrote it; servers may give only the decoded one."""
    raw: bytes | None = scope.get("raw_path")
    return quote(scope["path"], SEGMENTS) if raw is None else raw.decode("latin-1")


def error_response(error: StatusError, renderer: Renderer, languages: str = "") -> Response:
    headers = [*error.headers, *metadata_headers(error.initial, error.trailers)]
    delay = retry_after(error)
    if delay is not None:
        headers.append(("retry-after", str(delay)))
    return Response(error.http, renderer.render_body(error, languages), headers=headers)


def too_large(limit: int) -> StatusError:
    return failure(
        INVALID_ARGUMENT,
        "BODY_TOO_LARGE",
        f"The body is longer than {limit} bytes.",
        metadata={"limit": str(limit)},
        http=413,
    )


def too_slow() -> StatusError:
    return failure(
        DEADLINE_EXCEEDED,
        "BODY_TOO_SLOW",
        f"The body did not arrive within {BODY_SECONDS:.0f} seconds.",
        http=408,
        headers=[("connection", "close")],
    )


def unsupported(*kinds: str) -> StatusError:
    return failure(
        INVALID_ARGUMENT,
        "CONTENT_TYPE_UNSUPPORTED",
        f"content-type: must be {' or '.join(kinds)}.",
        http=415,
        headers=[("accept-post", ", ".join(kinds))],
    )


def request_id(given: str) -> str:
    """Return the client's request id if it is a UUID, or else a random one, which is no secret."""
    if given and UUID.fullmatch(given):
        return given
    digits = f"{getrandbits(128) & ~UUID_4_MASK | UUID_4:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
