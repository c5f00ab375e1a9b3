"""multipart/form-data (RFC 7578) as request messages."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from gateway.bodies.message_builder import MessageBuilder, is_http_body
from gateway.bodies.splitters import MESSAGE_BYTES_MAX
from gateway.codec.text import BODY
from gateway.http.errors import invalid_field
from gateway.http.messages import JSON_TYPE
from gateway.routing.params import PARAMETERS_MAX
from gateway.routing.routes import is_raw
from gateway.routing.text_fields import FieldTarget, find_target

TEXT = "text/plain"


@dataclass
class FormPart:
    """A part whose headers have been read. If `takes_file`, it is sent in chunks."""

    name: str
    content_type: str
    takes_file: bool
    target: FieldTarget | None
    content: bytearray = field(default_factory=bytearray)
    chunks: int = 0

    @property
    def is_json(self) -> bool:
        return JSON_TYPE.fullmatch(self.content_type) is not None


class FormReader:
    """Reads the fields, JSON parts and files of a form, in order.

    Consecutive fields make one message, and so does a part of JSON. A file makes one message a
    chunk, the
    first of which has the content type.
    """

    def __init__(self, content_type: str, builder: MessageBuilder) -> None:
        """Read the boundary.

        Raises:
            StatusError: 400, the content type has none.
        """
        boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
        self._builder = builder
        self._raw = is_raw(None, builder.route.method.input)
        self._ready: list[Message] = []
        self._texts: list[tuple[str, str]] = []
        self._text_bytes = 0
        self._name, self._value = bytearray(), bytearray()
        self._headers: dict[str, str] = {}
        self._part = FormPart("", "", takes_file=False, target=None)
        self._ended = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_header_field": lambda data, start, end: self._name.extend(data[start:end]),
                    "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._begin,
                    "on_part_data": lambda data, start, end: self._take(data[start:end]),
                    "on_part_end": self._end_part,
                    "on_end": self._end,
                },
            )
        except FormParserError:
            boundary = b""
        if not boundary:
            raise invalid_field("content-type", "must name the boundary of its parts.")

    def feed(self, data: bytes) -> Iterator[Message]:
        """Yield the messages that are complete.

        Raises:
            StatusError: 400, the body is no form, or a part is invalid.
        """
        try:
            self._parser.write(data)
        except FormParserError:
            raise invalid_field(BODY, "is not multipart/form-data.") from None
        ready, self._ready = self._ready, []
        yield from ready

    def end(self) -> Iterator[Message]:
        if not self._ended:
            raise invalid_field(BODY, "is incomplete: the last boundary is missing.")
        self._flush()
        yield from self._ready

    def _end_header(self) -> None:
        name = self._name.decode("latin-1").lower()
        self._headers[name] = self._value.decode("latin-1")
        self._name.clear()
        self._value.clear()

    def _begin(self) -> None:
        """Classify the part that follows these headers."""
        options = parse_options_header(self._headers.get("content-disposition"))[1]
        content_type = self._headers.get("content-type", "")
        self._headers = {}
        name = options.get(b"name", b"").decode(errors="replace")
        is_text = b"filename" not in options and content_type.partition(";")[0] in {"", TEXT}
        target = None if self._raw else find_target(self._builder.route.method.input, name)
        takes_file = self._raw or (not is_text and target is not None and takes_bytes(target))
        self._part = FormPart(name, content_type or TEXT, takes_file=takes_file, target=target)
        if not (takes_file or is_text or self._part.is_json):
            raise invalid_field(name, "is not a field that accepts a file.")
        if takes_file or self._part.is_json:
            self._flush()

    def _take(self, data: bytes) -> None:
        part = self._part
        if part.takes_file:
            self._chunk(data)
            return
        part.content += data
        if len(part.content) + self._text_bytes > MESSAGE_BYTES_MAX:
            raise invalid_field(part.name, f"is longer than {MESSAGE_BYTES_MAX} bytes.")

    def _end_part(self) -> None:
        part = self._part
        if part.takes_file:
            if not part.chunks:
                self._chunk(b"")
        elif part.is_json:
            self._ready += self._builder.from_json(bytes(part.content))
        else:
            self._add_text(part)

    def _chunk(self, data: bytes) -> None:
        part = self._part
        kind = "" if part.chunks else part.content_type
        part.chunks += 1
        self._ready += self._builder.from_chunk(part.target, data, kind)

    def _add_text(self, part: FormPart) -> None:
        if len(self._texts) == PARAMETERS_MAX:
            raise invalid_field(BODY, f"has more than {PARAMETERS_MAX} fields.")
        try:
            self._texts.append((part.name, part.content.decode()))
        except UnicodeDecodeError:
            raise invalid_field(part.name, "is not UTF-8.") from None
        self._text_bytes += len(part.content)

    def _flush(self) -> None:
        """Build the message of the pending fields."""
        if self._texts:
            self._ready += self._builder.from_fields(self._texts)
        self._texts, self._text_bytes = [], 0

    def _end(self) -> None:
        self._ended = True


def takes_bytes(target: FieldTarget) -> bool:
    found = target.field
    if found.is_repeated:
        return False
    return found.type == FieldDescriptor.TYPE_BYTES or is_http_body(target)
