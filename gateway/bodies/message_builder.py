"""Request messages, built from the parts of a body and from path and query."""

from collections.abc import Iterator
from typing import Any

from google.protobuf.message import Message

from gateway.codec import Codec
from gateway.codec.decoder import join_path
from gateway.codec.text import BODY
from gateway.contracts.descriptors import HTTP_BODY
from gateway.http.errors import StatusError, Violation, invalid
from gateway.routing.params import RequestBinder, bind_request, clear_variables
from gateway.routing.routes import RouteMatch
from gateway.routing.text_fields import FieldTarget


class MessageBuilder:
    """Builds the messages of one call.

    Path and query are merged into the first message. They become a separate message before it if a
    oneof
    keeps the two apart, and the only message if the body holds none.
    """

    def __init__(self, match: RouteMatch, query: bytes, codec: Codec) -> None:
        """Bind path and query.

        Raises:
            StatusError: 400 that lists every violation.
        """
        self.route = match.route
        self.bound = bind_request(match, query, None, codec)
        self._codec = codec
        self._head = self.bound.message if match.variables or query else None
        self._count = 0

    def from_message(self, message: Message) -> Iterator[Message]:
        """Yield a message that is already decoded."""
        yield from self._made(message)

    def from_json(self, content: bytes) -> Iterator[Message]:
        """Yield the message of a JSON text.

        Raises:
            StatusError: 400 that names the message and lists its violations.
        """
        message = self.route.method.request_class()
        try:
            self._codec.decode(content, message, self.route.body)
        except StatusError as error:
            raise self._at(error.violations) from None
        yield from self._made(message)

    def from_fields(self, pairs: list[tuple[str, str]]) -> Iterator[Message]:
        """Yield the message of form fields, which are named as in a query.

        Raises:
            StatusError: 400 that lists every violation.
        """
        message = self.route.method.request_class()
        path = {target.names for target in self.route.variables.values()}
        binder = RequestBinder(self.route, message, path=path, form=True)
        binder.bind_query(pairs)
        if binder.violations:
            raise invalid(binder.violations)
        yield from self._made(message)

    def from_chunk(
        self, target: FieldTarget | None, data: bytes, content_type: str
    ) -> Iterator[Message]:
        """Yield the message of a chunk of a file.

        Without `target` the message itself is the HttpBody.
        """
        message: Any = self.route.method.request_class()
        owner: Any = message
        for parent in target.chain[:-1] if target else ():
            owner = getattr(owner, parent.name)
        if target is None or is_http_body(target):
            body = owner if target is None else getattr(owner, target.field.name)
            body.SetInParent()
            body.data, body.content_type = data, content_type
        else:
            setattr(owner, target.field.name, data)
        yield from self._made(message)

    def remaining(self) -> Iterator[Message]:
        """Yield the message of path and query if no other message held it."""
        if self._head is not None:
            yield self._head

    def _made(self, message: Message) -> Iterator[Message]:
        self._count += 1
        head, self._head = self._head, None
        if head is not None and share_oneof(head, message):
            yield head
        elif head is not None:
            clear_variables(self.route, message)
            message.MergeFrom(head)
        yield message

    def _at(self, violations: list[Violation]) -> StatusError:
        """Prefix the violations with the index of their message, counted from 0."""
        place = f"{BODY}[{self._count}]"
        return invalid(
            [
                Violation(
                    place if each.field == BODY else join_path(place, each.field), each.description
                )
                for each in violations
            ]
        )


def is_http_body(target: FieldTarget) -> bool:
    kind = target.field.message_type
    return kind is not None and kind.full_name == HTTP_BODY


def share_oneof(one: Message, other: Message) -> bool:
    """True if two messages set different fields of the same oneof."""
    for oneof in one.DESCRIPTOR.oneofs:
        names = {one.WhichOneof(oneof.name), other.WhichOneof(oneof.name)} - {None}
        if len(names) > 1:
            return True
    return False
