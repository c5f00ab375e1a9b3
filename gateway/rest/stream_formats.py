"""Stream formats: how the messages and the final status of a stream are written over HTTP."""

from typing import Protocol

from gateway.http.messages import JSON, NDJSON

SSE_TYPE = "text/event-stream"


class StreamFormat(Protocol):
    """How the messages of a stream, its heartbeats and its end are written."""

    content_type: str
    heartbeat: bytes

    def message(self, data: bytes, cursor: str) -> bytes: ...

    def end(self, status: bytes, *, ok: bool) -> bytes: ...


class SseFormat:
    """Server-sent events, as a browser's EventSource reads them."""

    content_type = SSE_TYPE
    heartbeat = b":\n\n"

    def message(self, data: bytes, cursor: str) -> bytes:
        position = b"id: " + cursor.encode() + b"\n" if cursor else b""
        return position + b"data: " + data + b"\n\n"

    def end(self, status: bytes, *, ok: bool) -> bytes:  # noqa: ARG002 - see Framing
        return b"event: status\ndata: " + status + b"\n\n"


class NdjsonFormat:
    """One JSON object a line. NDJSON has no comments, so there are no heartbeats."""

    content_type = NDJSON
    heartbeat = b""

    def message(self, data: bytes, cursor: str) -> bytes:  # noqa: ARG002 - see Framing
        return data + b"\n"

    def end(self, status: bytes, *, ok: bool) -> bytes:  # noqa: ARG002 - see Framing
        return b'{"status":' + status + b"}\n"


class JsonArrayFormat:
    """One JSON array. A failed stream ends with the error and leaves the array unclosed."""

    content_type = JSON
    heartbeat = b"\n"

    def __init__(self) -> None:
        self._separator = b"["

    def message(self, data: bytes, cursor: str) -> bytes:  # noqa: ARG002 - see Framing
        separator, self._separator = self._separator, b","
        return separator + data

    def end(self, status: bytes, *, ok: bool) -> bytes:
        if not ok:
            return self._separator + b'{"error":' + status + b"}"
        return b"]" if self._separator == b"," else b"[]"


def choose_format(accept: str) -> StreamFormat:
    """Return the first known format in Accept, or NDJSON."""
    for part in accept.split(","):
        stream_format = FORMATS.get(part.partition(";")[0].strip().lower())
        if stream_format is not None:
            return stream_format()
    return NdjsonFormat()


FORMATS: dict[str, type[SseFormat | NdjsonFormat | JsonArrayFormat]] = {
    SSE_TYPE: SseFormat,
    NDJSON: NdjsonFormat,
    JSON: JsonArrayFormat,
}
