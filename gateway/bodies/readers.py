"""Readers: what makes messages of a body, chosen by its content type."""

from collections.abc import Iterator
from typing import Protocol

from google.protobuf.message import Message

from gateway.bodies.maker import Maker
from gateway.bodies.multipart import Form
from gateway.bodies.splitters import Array, Lines
from gateway.http.messages import FORM, JSON, JSON_TYPE, NDJSON, unsupported
from gateway.routing.text_fields import Target


class Reader(Protocol):
    """Takes a body in chunks, and yields messages when they are complete.

    Both raise StatusError, 400, with what is wrong.
    """

    def feed(self, data: bytes) -> Iterator[Message]: ...

    def end(self) -> Iterator[Message]: ...


class Json:
    """Reads messages of JSON."""

    def __init__(self, splitter: Lines | Array, maker: Maker) -> None:
        self._splitter = splitter
        self._maker = maker

    def feed(self, data: bytes) -> Iterator[Message]:
        for content in self._splitter.feed(data):
            yield from self._maker.of_json(content)

    def end(self) -> Iterator[Message]:
        for content in self._splitter.end():
            yield from self._maker.of_json(content)


class Raw:
    """Reads a body of any kind as HttpBody, a chunk a message, the first with the content type."""

    def __init__(self, content_type: str, maker: Maker) -> None:
        body = maker.route.body
        self._maker = maker
        self._target = None if body is None else Target((body,), None)
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
        yield from self._maker.of_chunk(self._target, data, kind)


def make_reader(content_type: str, maker: Maker) -> Reader:
    """Makes the reader for a content type.

    Raises:
        StatusError: 415, there is none.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == FORM:
        return Form(content_type, maker)
    if maker.route.raw_body:
        return Raw(content_type, maker)
    if kind == NDJSON:
        return Json(Lines(), maker)
    if not kind or JSON_TYPE.fullmatch(content_type):
        return Json(Array(), maker)
    raise unsupported(NDJSON, JSON, FORM)
