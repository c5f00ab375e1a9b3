"""Messages → values for a JSON writer.

For each message type a function is generated as Python source, one statement a field, and compiled.
The only parts of a descriptor in the source are field names, which are identifiers, and string
literals.
"""

import keyword
import math
from collections.abc import Callable
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError

from gateway.codec import well_known
from gateway.codec.dynamic import write_list, write_struct, write_value
from gateway.codec.fields import ANY_TYPE, INTEGERS_64, VALUE, WRAPPERS, is_map, is_null, map_fields

Write = Callable[[Any], Any]


class Encoder:
    """Encodes the messages of one pool. `defaults`: fields without presence are always written."""

    def __init__(
        self, pool: DescriptorPool, *, proto_names: bool, defaults: bool, enum_numbers: bool
    ) -> None:
        self._pool = pool
        self._proto_names = proto_names
        self._defaults = defaults
        self._enum_numbers = enum_numbers
        self._known: dict[str, Write] = {
            "google.protobuf.Timestamp": well_known.write_time,
            "google.protobuf.Duration": well_known.write_duration,
            "google.protobuf.FieldMask": well_known.write_mask,
            "google.protobuf.Struct": write_struct,
            "google.protobuf.ListValue": write_list,
            "google.protobuf.Any": self._write_any,
            VALUE: write_value,
        }
        self._special = WRAPPERS | self._known.keys()

    def message_writer(self, kind: Descriptor) -> Write:
        """Return the function that encodes a message of this type."""
        name = kind.full_name
        if name not in self._known:
            # A recursive message refers to itself while it is compiled.
            self._known[name] = lambda message: self._known[name](message)  # noqa: PLW0108
            self._known[name] = self._wrapper(kind) if name in WRAPPERS else self._compile(kind)
        return self._known[name]

    def field_writer(self, field: FieldDescriptor) -> Write:
        """Return the function that encodes the whole value of a field."""
        if is_map(field):
            return self._map(field)
        write = self._value(field)
        if field.is_repeated:
            # Slicing a repeated field into a list is faster than iterating.
            return all_of if write is None else lambda values: [write(value) for value in values[:]]
        return write or as_is

    def _wrapper(self, kind: Descriptor) -> Write:
        write = self.field_writer(kind.fields_by_name["value"])
        return lambda message: write(message.value)

    def _compile(self, kind: Descriptor) -> Write:
        names: dict[str, Any] = {"extend": self._extend, "is_set": is_set}
        always = [field for field in kind.fields if self._defaults and not field.has_presence]
        members = [f"{self._key(field)!r}: {self._source(field, names)}" for field in always]
        lines = ["def write(m):", f" d = {{{', '.join(members)}}}"]
        for field in kind.fields:
            if field.has_presence:
                condition = f"m.HasField({field.name!r})"
            elif not self._defaults:
                condition = f"(v := {field_expression(field)}) or is_set(v)"
            else:
                continue
            lines.append(f" if {condition}: d[{self._key(field)!r}] = {self._source(field, names)}")
        if kind.is_extendable:
            lines.append(" extend(m, d)")
        lines.append(" return d")
        code = compile("\n".join(lines), f"<JSON of {kind.full_name}>", "exec")
        exec(code, names)  # noqa: S102 - see the module's docstring
        write: Write = names["write"]
        return write

    def _key(self, field: FieldDescriptor) -> str:
        return field.name if self._proto_names else field.json_name

    def _source(self, field: FieldDescriptor, names: dict[str, Any]) -> str:
        """Return the expression that encodes one field, and enter its function into `names`."""
        writer = f"w{field.number}"
        if field.enum_type is not None and not field.is_repeated and not self._enum_numbers:
            names[writer] = enum_names(field).get
            return f"{writer}(v := {field_expression(field)}, v)"
        if field.is_repeated or self._value(field) is not None:
            names[writer] = self.field_writer(field)
            return f"{writer}({field_expression(field)})"
        return field_expression(field)

    def _value(self, field: FieldDescriptor) -> Write | None:
        """Return the function that encodes one value, or None if JSON takes it unchanged."""
        if field.message_type is not None:
            return self.message_writer(field.message_type)
        if field.enum_type is not None:
            return None if self._enum_numbers else enum_writer(field)
        if field.type in INTEGERS_64:
            return str
        return SCALARS.get(field.type)

    def _map(self, field: FieldDescriptor) -> Write:
        key, value = map_fields(field)
        write_key = bool_key if key.type == FieldDescriptor.TYPE_BOOL else str
        write = self._value(value) or as_is
        return lambda values: {write_key(key): write(item) for key, item in values.items()}

    def _write_any(self, message: Any) -> dict[str, Any]:
        """Encode an Any. One of an unknown type keeps its bytes."""
        url, content = message.type_url, message.value
        if not url and not content:
            return {}
        try:
            kind = self._pool.FindMessageTypeByName(url.rpartition("/")[2])
            inner = message_factory.GetMessageClass(kind).FromString(content)
        except (KeyError, DecodeError):
            return {ANY_TYPE: url, "value": well_known.write_bytes(content)}
        value = self.message_writer(kind)(inner)
        if kind.full_name in self._special:
            return {ANY_TYPE: url, "value": value}
        return {ANY_TYPE: url, **value}

    def _extend(self, message: Any, target: dict[str, Any]) -> None:
        """Encode the extensions of a proto2 message."""
        for field, value in message.ListFields():
            if field.is_extension:
                target[f"[{field.full_name}]"] = self.field_writer(field)(value)


def field_expression(field: FieldDescriptor) -> str:
    """Return the expression that reads a field of the message `m`."""
    return f"getattr(m, {field.name!r})" if keyword.iskeyword(field.name) else f"m.{field.name}"


def enum_names(field: FieldDescriptor) -> dict[int, str | None]:
    if is_null(field):
        return {0: None}
    kind: Any = field.enum_type
    # Reversed, so that the first of several aliases wins.
    return {value.number: value.name for value in reversed(kind.values)}


def enum_writer(field: FieldDescriptor) -> Write:
    names = enum_names(field)
    return lambda number: names.get(number, number)


def all_of(values: Any) -> Any:
    return values[:]


def as_is(value: Any) -> Any:
    return value


def is_set(value: Any) -> bool:
    """True for the negative zero, the one falsy value that differs from a default."""
    return isinstance(value, float) and math.copysign(1.0, value) < 0


def bool_key(key: bool) -> str:  # noqa: FBT001 - a value, not an option
    return "true" if key else "false"


SCALARS: dict[int, Write] = {
    FieldDescriptor.TYPE_BYTES: well_known.write_bytes,
    FieldDescriptor.TYPE_DOUBLE: well_known.write_double,
    FieldDescriptor.TYPE_FLOAT: well_known.write_float,
}
