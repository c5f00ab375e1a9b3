"""Framings: how the messages of a stream are written over HTTP, and its end is told."""

from typing import Protocol

from gateway.http.messages import JSON, NDJSON

SSE_TYPE = "text/event-stream"


class StreamFormat(Protocol):
    """How the parts of a stream are written."""

    content_type: str
    heartbeat: bytes

    def message(self, data: bytes, cursor: str) -> bytes: ...

    def end(self, status: bytes, *, ok: bool) -> bytes: ...


class SseFormat:
    """Server-sent events, as EventSource of a browser reads them."""

    content_type = SSE_TYPE
    heartbeat = b":\n\n"

    def message(self, data: bytes, cursor: str) -> bytes:
        position = b"id: " + cursor.encode() + b"\n" if cursor else b""
        return position + b"data: " + data + b"\n\n"

    def end(self, status: bytes, *, ok: bool) -> bytes:  # noqa: ARG002 - see Framing
        return b"event: status\ndata: " + status + b"\n\n"


class NdjsonFormat:
    """One JSON object a line. It has no comments, so no heartbeats."""

    content_type = NDJSON
    heartbeat = b""

    def message(self, data: bytes, cursor: str) -> bytes:  # noqa: ARG002 - see Framing
        return data + b"\n"

    def end(self, status: bytes, *, ok: bool) -> bytes:  # noqa: ARG002 - see Framing
        return b'{"status":' + status + b"}\n"


class JsonArrayFormat:
    """One JSON array. One that broke is not closed: it ends with the error, and is no JSON."""

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
    """Choose by Accept: the kind named first of those that there are, else NDJSON."""
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
