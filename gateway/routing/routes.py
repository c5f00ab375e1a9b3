"""Routes: the HTTP bindings of methods, checked against their messages."""

from dataclasses import dataclass
from functools import cached_property

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from gateway.contracts.descriptors import HTTP_BODY, Method
from gateway.routing import template
from gateway.routing.template import Template
from gateway.routing.text_fields import (
    FIELD_MASK,
    FieldTarget,
    find_field,
    find_own,
    is_bindable,
    resolve_path,
)

UPDATE_MASK = "update_mask"
WHOLE_BODY = "*"
OWN_PATHS = ("/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/v1/ws")


@dataclass(frozen=True)
class Route:
    """One HTTP binding of a method. `body` is None when the method takes none."""

    verb: str
    template: Template
    method: Method
    whole_body: bool
    body: FieldDescriptor | None
    response_body: FieldDescriptor | None

    @property
    def takes_body(self) -> bool:
        return self.whole_body or self.body is not None

    @cached_property
    def variables(self) -> dict[str, FieldTarget]:
        """The fields that the path gives, by variable name."""
        names = [variable.field for variable in self.template.variables]
        return {
            name: FieldTarget(resolve_path(self.method.input, name, find_own), None)
            for name in names
        }

    @cached_property
    def mask(self) -> FieldDescriptor | None:
        """The update mask that a PATCH of one field fills if the client gives none (AIP-134)."""
        found = self.method.input.fields_by_name.get(UPDATE_MASK)
        patches = self.verb == "PATCH" and self.body is not None and not self.body.is_repeated
        patches = patches and not self.method.client_streaming
        if not patches or found is None or found.message_type is None:
            return None
        return found if found.message_type.full_name == FIELD_MASK else None

    @cached_property
    def raw_body(self) -> bool:
        """True if the body is an HttpBody of any content type."""
        return self.takes_body and is_raw(self.body, self.method.input)

    @cached_property
    def raw_response(self) -> bool:
        """True if the response is an HttpBody, which is sent unchanged."""
        return is_raw(self.response_body, self.method.output)


def is_raw(field: FieldDescriptor | None, message: Descriptor) -> bool:
    kind = message if field is None else field.message_type
    return kind is not None and kind.full_name == HTTP_BODY


@dataclass(slots=True)
class RouteMatch:
    """A route and the decoded values of its variables."""

    route: Route
    variables: dict[str, str]


def make_route(method: Method, number: int) -> Route:
    """Return the route of one binding, checked against the messages of its method.

    Raises:
        ValueError: The binding cannot be served.
    """
    binding = method.bindings[number]
    parsed = template.parse_template(binding.template)
    if parsed.text in OWN_PATHS:
        raise ValueError(f"{parsed.text!r} is a path of the gateway itself")
    if method.rule is not None and not (method.rule.public or method.rule.roles):
        raise ValueError(f"{parsed.text!r} has no access rule")
    for variable in parsed.variables:
        check_variable(method, variable.field, parsed)
    whole = binding.body == WHOLE_BODY
    return Route(
        verb=binding.verb,
        template=parsed,
        method=method,
        whole_body=whole,
        body=None if whole else top_field(method.input, binding.body, "body"),
        response_body=top_field(method.output, binding.response_body, "response_body"),
    )


def check_variable(method: Method, name: str, parsed: Template) -> None:
    chain = resolve_path(method.input, name, find_own)
    if not chain or chain[-1].is_repeated or not is_bindable(chain[-1]):
        column = parsed.text.index("{" + name) + 1
        problem = "cannot be given in a path" if chain else "does not exist"
        raise ValueError(
            f"{parsed.text!r}, column {column}: field {name!r} of {method.input.name} {problem}"
        )


def top_field(message: Descriptor, name: str, option: str) -> FieldDescriptor | None:
    if not name:
        return None
    found = find_field(message, name)
    if found is None:
        raise ValueError(f"{option} {name!r} is not a field of {message.name}")
    return found
