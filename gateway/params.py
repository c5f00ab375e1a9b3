"""Requests: what path, query and body say, bound to the request message."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from gateway.codec import Codec
from gateway.errors import Violation, invalid, invalid_field
from gateway.fields import bindable, convert, find_field
from gateway.routes import Match, Route

PARAMETERS_MAX = 500
DEPTH_MAX = 10
SYSTEM = "$"
ALT = "$alt"
ENUM_NUMBERS = "enum-encoding=int"


@dataclass(frozen=True)
class Body:
    """The body of a request, all of it."""

    content: bytes
    content_type: str


@dataclass
class Bound:
    """A request message, and how its answer is wanted."""

    message: Message
    enum_numbers: bool = False


@dataclass
class Binder:
    """Binds one request, and collects everything that is wrong with it."""

    match: Match
    message: Message
    seen: set[tuple[str, ...]] = field(default_factory=set[tuple[str, ...]])
    violations: list[Violation] = field(default_factory=list[Violation])

    def bind_path(self) -> None:
        for name, text in self.match.variables.items():
            self.seen.add(self._bind(name, text, name))

    def bind_query(self, pairs: list[tuple[str, str]]) -> None:
        route = self.match.route
        taken = set(self.seen)
        for name, text in pairs:
            if route.whole_body:
                self._reject(name, "is not taken: the body is the whole request")
                continue
            names = self._names(name)
            if names is None:
                self._reject(name, "is no parameter of this method")
            elif route.body is not None and names[0] == route.body.name:
                self._reject(name, "belongs in the body")
            elif names in taken:
                self._reject(name, "is given in the path already")
            else:
                self.seen.add(self._bind(".".join(names), text, name))

    def _names(self, path: str) -> tuple[str, ...] | None:
        """Names the fields on a dotted path as the contract does, or None if there are none."""
        message, names = self.match.route.method.input, list[str]()
        parts = path.split(".", DEPTH_MAX)
        for number, part in enumerate(parts):
            found = find_field(message, part)
            if found is None:
                return None
            names.append(found.name)
            if number < len(parts) - 1:
                if found.message_type is None or found.is_repeated:
                    return None
                message = found.message_type
        return tuple(names)

    def _bind(self, path: str, text: str, shown: str) -> tuple[str, ...]:
        *parents, last = names = tuple(path.split("."))
        message: Any = self.message
        for name in parents:
            message = getattr(message, name)
        try:
            assign(message, message.DESCRIPTOR.fields_by_name[last], text, given=names in self.seen)
        except ValueError as error:
            self._reject(shown, str(error))
        return names

    def _reject(self, name: str, description: str) -> None:
        self.violations.append(Violation(name, f"{description}."))


def assign(message: Any, field: FieldDescriptor, text: str, *, given: bool) -> None:
    """Sets or extends one field.

    Raises:
        ValueError: It cannot be, and why.
    """
    if not bindable(field):
        raise ValueError("cannot be given as text: it is a message")
    value = convert(field, text)
    if field.is_repeated:
        getattr(message, field.name).append(value)
        return
    if given:
        raise ValueError("is given more than once")
    oneof = field.containing_oneof
    other = message.WhichOneof(oneof.name) if oneof is not None else None
    if other is not None:
        raise ValueError(f"excludes {other}, which is given too")
    if field.message_type is None:
        setattr(message, field.name, value)
    else:
        target = getattr(message, field.name)
        target.SetInParent()
        target.MergeFrom(value)


def bind(match: Match, query: bytes, body: Body | None, codec: Codec) -> Bound:
    """Makes the request message.

    Raises:
        StatusError: 400 that lists every violation, or the one of the body.
    """
    message = match.route.method.request_class()
    if body is not None:
        bind_body(match.route, message, body, codec)
    binder = Binder(match, message)
    clear_variables(match, message)
    binder.bind_path()
    bound = Bound(message)
    if query:
        pairs = read_query(query)
        bound.enum_numbers = any(name == ALT and ENUM_NUMBERS in text for name, text in pairs)
        binder.bind_query([pair for pair in pairs if not pair[0].startswith(SYSTEM)])
    if binder.violations:
        raise invalid(binder.violations)
    return bound


def bind_body(route: Route, message: Message, body: Body, codec: Codec) -> None:
    target: Any = message
    if route.raw_body:
        target = message if route.body is None else getattr(message, route.body.name)
        target.content_type, target.data = body.content_type, body.content
    elif body.content:
        codec.decode(body.content, message, route.body)


def clear_variables(match: Match, message: Message) -> None:
    """The path wins over the body."""
    for path in match.variables:
        *parents, last = path.split(".")
        owner: Any = message
        for name in parents:
            owner = getattr(owner, name)
        owner.ClearField(last)


def read_query(query: bytes) -> list[tuple[str, str]]:
    """Reads a query string as browsers write it: `+` is a space."""
    try:
        return parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=PARAMETERS_MAX,
        )
    except UnicodeDecodeError:
        raise invalid_field("query", "It is not UTF-8.") from None
    except ValueError:
        raise invalid_field("query", f"It has more than {PARAMETERS_MAX} parameters.") from None
