"""Binding of path, query and body to the request message."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from gateway.codec import Codec, is_map
from gateway.codec.fields import map_fields
from gateway.codec.scalars import key_reader
from gateway.http.errors import Violation, invalid, invalid_field
from gateway.http.messages import Body
from gateway.routing.routes import Route, RouteMatch
from gateway.routing.text_fields import (
    FieldTarget,
    convert_text,
    find_field,
    find_target,
    is_bindable,
)

PARAMETERS_MAX = 500
SYSTEM = "$"
ALT = "$alt"
ENUM_NUMBERS = "enum-encoding=int"

MESSAGE_FORM = "cannot be given as text: it is a message"
TWICE = "is given more than once"

Names = tuple[str, ...]


@dataclass
class BoundRequest:
    """A request message, and how to encode its response."""

    message: Message
    enum_numbers: bool = False


@dataclass
class RequestBinder:
    """Binds path and query, and collects all violations.

    The fields of a `form` are named as in a query, but belong to the body.
    """

    route: Route
    message: Message
    path: set[Names] = field(default_factory=set[Names])
    query: set[Names] = field(default_factory=set[Names])
    violations: list[Violation] = field(default_factory=list[Violation])
    form: bool = False

    def bind_path(self, variables: dict[str, str]) -> None:
        for name, text in variables.items():
            target = self.route.variables[name]
            self.path.add(target.names)
            try:
                assign_field(self.message, target, text)
            except ValueError as error:
                self._reject(name, str(error))

    def bind_query(self, pairs: list[tuple[str, str]]) -> None:
        for name, text in pairs:
            try:
                self._bind_parameter(name, text)
            except ValueError as error:
                self._reject(name, str(error))

    def _bind_parameter(self, name: str, text: str) -> None:
        route = self.route
        if route.whole_body and not self.form:
            raise ValueError("is not accepted: the body is the whole request")
        target = find_target(route.method.input, name)
        if target is None:
            raise ValueError("is not a parameter of this method")
        names = target.names
        if route.body is not None and names[0] == route.body.name and not self.form:
            raise ValueError("belongs in the body")
        if any(overlap(names, taken) for taken in self.path):
            raise ValueError("is already given in the path")
        if not is_bindable(target.field):
            raise ValueError(MESSAGE_FORM)
        if not target.field.is_repeated and any(overlap(names, other) for other in self.query):
            raise ValueError(TWICE)
        self.query.add(names)
        assign_field(self.message, target, text)

    def _reject(self, name: str, description: str) -> None:
        self.violations.append(Violation(name, f"{description}."))


def overlap(names: Names, others: Names) -> bool:
    """True if one of two fields is the other or contains it."""
    shorter = min(len(names), len(others))
    return names[:shorter] == others[:shorter]


def assign_field(message: Any, target: FieldTarget, text: str) -> None:
    """Set one field, or append to it.

    Raises:
        ValueError: The text is no value of the field, or the field excludes another.
    """
    owner = message
    for parent in target.chain[:-1]:
        check_oneof(owner, parent)
        owner = getattr(owner, parent.name)
    found = target.field
    check_oneof(owner, found)
    if is_map(found):
        assign_item(getattr(owner, found.name), found, target.key, text)
        return
    value = convert_text(found, text)
    if found.is_repeated:
        getattr(owner, found.name).append(value)
    elif found.message_type is None:
        setattr(owner, found.name, value)
    else:
        getattr(owner, found.name).CopyFrom(value)


def assign_item(items: Any, found: FieldDescriptor, text: str | None, value: str) -> None:
    if text is None:
        raise ValueError(f"needs a key: {found.name}[key]")
    key_field, value_field = map_fields(found)
    key = key_reader(key_field)(text)
    if key in items:
        raise ValueError(TWICE)
    converted = convert_text(value_field, value)
    if value_field.message_type is None:
        items[key] = converted
    else:
        items[key].CopyFrom(converted)


def check_oneof(owner: Any, found: FieldDescriptor) -> None:
    oneof = found.containing_oneof
    other = owner.WhichOneof(oneof.name) if oneof is not None else None
    if other is not None and other != found.name:
        raise ValueError(f"excludes {other}, which is also given")


def bind_request(match: RouteMatch, query: bytes, body: Body | None, codec: Codec) -> BoundRequest:
    """Return the request message.

    Raises:
        StatusError: 400 that lists every violation of path and query, or those of the body.
    """
    route = match.route
    message = route.method.request_class()
    bound = BoundRequest(message)
    value = bind_body(route, message, body, codec) if body is not None else None
    if not match.variables and not query and route.mask is None:
        return bound
    if not query and body is None and all(map(is_plain, route.variables.values())):
        for name, text in match.variables.items():
            setattr(message, name, text)
        return bound
    binder = RequestBinder(route, message)
    if body is not None:
        clear_variables(route, message)
    binder.bind_path(match.variables)
    if query:
        pairs = read_query(query)
        bound.enum_numbers = any(name == ALT and ENUM_NUMBERS in text for name, text in pairs)
        binder.bind_query([pair for pair in pairs if not pair[0].startswith(SYSTEM)])
    if binder.violations:
        raise invalid(binder.violations)
    if route.mask is not None and (route.mask.name,) not in binder.query:
        fill_mask(route, message, value)
    return bound


def is_plain(target: FieldTarget) -> bool:
    return target.is_plain_text


def bind_body(route: Route, message: Message, body: Body, codec: Codec) -> Any:
    """Read the body into the message. Return its JSON value."""
    target: Any = message
    if route.raw_body:
        target = message if route.body is None else getattr(message, route.body.name)
        target.content_type, target.data = body.content_type, body.content
        return None
    return codec.decode(body.content, message, route.body) if body.content else None


def clear_variables(route: Route, message: Message) -> None:
    """Clear the fields that the path gives, since the path takes precedence over the body."""
    for target in route.variables.values():
        owner: Any = message
        for parent in target.chain[:-1]:
            owner = getattr(owner, parent.name)
        owner.ClearField(target.field.name)


def fill_mask(route: Route, message: Any, value: Any) -> None:
    """Add the fields of the body to the update mask (AIP-134), except those of the path."""
    if route.mask is None or route.body is None or not isinstance(value, dict):
        return
    kind: Any = route.body.message_type
    in_path = {".".join(target.names[1:]) for target in route.variables.values()}
    paths = [path for path in given_paths(kind, value) if path not in in_path]
    getattr(message, route.mask.name).paths.extend(paths)


def given_paths(kind: Descriptor, value: dict[str, Any]) -> Iterator[str]:
    """Yield the paths of the fields that a JSON object gives, with their contract names."""
    for name, member in value.items():
        found = find_field(kind, name)
        if found is None:
            continue
        inner = found.message_type
        if (
            inner is None
            or is_masked_whole(found, inner)
            or not (isinstance(member, dict) and member)
        ):
            yield found.name
        else:
            yield from (f"{found.name}.{path}" for path in given_paths(inner, member))


def is_masked_whole(found: FieldDescriptor, kind: Descriptor) -> bool:
    """True if a mask cannot name parts of the field."""
    return found.is_repeated or kind.full_name.startswith("google.protobuf.")


def read_query(query: bytes) -> list[tuple[str, str]]:
    """Parse a query string as browsers write it: `+` is a space."""
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
