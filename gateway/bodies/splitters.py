"""Incremental JSON splitters, which find the end of each message in a partial body."""

import re
from collections.abc import Iterator

from gateway.codec.text import BODY
from gateway.http.errors import StatusError, invalid_field

MESSAGE_BYTES_MAX = 1024 * 1024
SPACE = b" \t\r\n"
STRUCTURE = re.compile(rb'["{}\[\],]')
IN_STRING = re.compile(rb'["\\]')
OPENING, CLOSING = frozenset({b"[", b"{"}), frozenset({b"]", b"}"})


def message_too_long(index: int) -> StatusError:
    return invalid_field(f"{BODY}[{index}]", f"is longer than {MESSAGE_BYTES_MAX} bytes.")


class MessageBuffer:
    """The bytes of the message that is arriving."""

    def __init__(self) -> None:
        self._content = bytearray()
        self._count = 0

    def add(self, data: bytes) -> None:
        """Append bytes.

        Raises:
            StatusError: The message is longer than 1 MiB.
        """
        self._content += data
        if len(self._content) > MESSAGE_BYTES_MAX:
            raise message_too_long(self._count)

    def take(self) -> bytes:
        """Return the message and start the next."""
        content = bytes(self._content)
        self._content.clear()
        self._count += 1
        return content

    @property
    def blank(self) -> bool:
        return not self._content.strip(SPACE)


class LineSplitter:
    """Splits NDJSON: one message a line. Blank lines are skipped."""

    def __init__(self) -> None:
        self._piece = MessageBuffer()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the messages that are complete.

        Raises:
            StatusError: 400, a message is too long.
        """
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._piece.add(line)
            if not self._piece.blank:
                yield self._piece.take()
        self._piece.add(rest)

    def end(self) -> Iterator[bytes]:
        if not self._piece.blank:
            yield self._piece.take()


class ArraySplitter:
    """Splits one JSON array of messages. The text of an element is not validated here."""

    def __init__(self) -> None:
        self._piece = MessageBuffer()
        self._depth = 0
        self._in_string = False
        self._escaped = 0
        self._some = False
        self._ended = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the messages that are complete.

        Raises:
            StatusError: 400, the body is no array, or a message is too long.
        """
        start, position = 0, self._escaped
        while found := (IN_STRING if self._in_string else STRUCTURE).search(data, position):
            mark, position = found[0], found.end()
            if self._in_string:
                # An escaped character does not end the string.
                position += mark == b"\\"
                self._in_string = mark == b"\\"
            elif mark == b'"':
                self._in_string = True
            elif self._step(mark):
                self._piece.add(data[start : found.start()])
                start = position
                yield from self._between(mark)
        self._escaped = max(position - len(data), 0)
        self._piece.add(data[start:])
        if not self._depth and not (self._piece.blank and not self._in_string):
            raise self._no_array()

    def end(self) -> Iterator[bytes]:
        if not self._ended:
            raise invalid_field(BODY, "is incomplete: the array is not closed.")
        return iter(())

    def _step(self, mark: bytes) -> bool:
        """Track the depth. Return True if the mark belongs to the array itself."""
        if mark in OPENING:
            self._depth += 1
            return self._depth == 1
        if mark in CLOSING:
            self._depth -= 1
            return self._depth <= 0
        return self._depth <= 1

    def _between(self, mark: bytes) -> Iterator[bytes]:
        """End the message before a mark of the array."""
        if mark == b"[" and self._depth == 1 and self._piece.blank and not self._ended:
            return
        if self._ended or (mark, self._depth) not in {(b",", 1), (b"]", 0)}:
            raise self._no_array()
        self._ended = mark == b"]"
        if self._some or mark == b"," or not self._piece.blank:
            self._some = True
            yield self._piece.take()

    def _no_array(self) -> StatusError:
        return invalid_field(BODY, "must be one JSON array of messages.")
