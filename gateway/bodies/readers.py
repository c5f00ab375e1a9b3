"""Body readers: turn a body into messages, chosen by its content type."""

from collections.abc import Iterator
from typing import Protocol

from google.protobuf.message import Message

from gateway.bodies.message_builder import MessageBuilder
from gateway.bodies.multipart import FormReader
from gateway.bodies.splitters import ArraySplitter, LineSplitter
from gateway.http.messages import FORM, JSON, JSON_TYPE, NDJSON, unsupported
from gateway.routing.text_fields import FieldTarget


class BodyReader(Protocol):
    """Takes a body in chunks and yields messages once they are complete.

    Both methods raise StatusError (400) if the body is invalid.
    """

    def feed(self, data: bytes) -> Iterator[Message]: ...

    def end(self) -> Iterator[Message]: ...


class JsonReader:
    """Reads messages of JSON."""

    def __init__(self, splitter: LineSplitter | ArraySplitter, builder: MessageBuilder) -> None:
        self._splitter = splitter
        self._builder = builder

    def feed(self, data: bytes) -> Iterator[Message]:
        for content in self._splitter.feed(data):
            yield from self._builder.from_json(content)

    def end(self) -> Iterator[Message]:
        for content in self._splitter.end():
            yield from self._builder.from_json(content)


class RawReader:
    """Reads any body as HttpBody: one message a chunk, the first with the content type."""

    def __init__(self, content_type: str, builder: MessageBuilder) -> None:
        body = builder.route.body
        self._builder = builder
        self._target = None if body is None else FieldTarget((body,), None)
        self._content_type = content_type
        self._some = False

    def feed(self, data: bytes) -> Iterator[Message]:
        if data:
            yield from self._chunk(data)

    def end(self) -> Iterator[Message]:
        if not self._some:
            yield from self._chunk(b"")

    def _chunk(self, data: bytes) -> Iterator[Message]:
        kind = "" if self._some else self._content_type
        self._some = True
        yield from self._builder.from_chunk(self._target, data, kind)


def make_reader(content_type: str, builder: MessageBuilder) -> BodyReader:
    """Return the reader for a content type.

    Raises:
        StatusError: 415, no reader accepts it.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == FORM:
        return FormReader(content_type, builder)
    if builder.route.raw_body:
        return RawReader(content_type, builder)
    if kind == NDJSON:
        return JsonReader(LineSplitter(), builder)
    if not kind or JSON_TYPE.fullmatch(content_type):
        return JsonReader(ArraySplitter(), builder)
    raise unsupported(NDJSON, JSON, FORM)
