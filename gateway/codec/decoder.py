"""JSON values → messages, by a table of functions for each message."""

from collections.abc import Callable, Iterable
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pool import DescriptorPool

from gateway.codec import well_known
from gateway.codec.dynamic import (
    LIST_FORM,
    OBJECT_FORM,
    read_list,
    read_struct,
    read_value,
)
from gateway.codec.exclusion import check_exclusive, exclusive_groups
from gateway.codec.fields import ANY_TYPE, VALUE, WRAPPERS, is_map, is_null, map_fields
from gateway.codec.scalars import HALF, TEXT_FORM, key_reader, scalar_reader
from gateway.http.errors import Violation

Violations = list[Violation]
# Decodes a value into a message. Returns violations of members, or raises ValueError for the value.
Fill = Callable[[Any, Any], Violations | None]

NO_NULL = "must not be null"
UNKNOWN = "is not a field of this method."


class Decoder:
    """Decodes the messages of one descriptor pool."""

    def __init__(self, pool: DescriptorPool) -> None:
        self._pool = pool
        self._known: dict[str, Fill] = {
            "google.protobuf.Timestamp": filler(well_known.read_time),
            "google.protobuf.Duration": filler(well_known.read_duration),
            "google.protobuf.FieldMask": filler(well_known.read_mask),
            "google.protobuf.Struct": filler(read_struct),
            "google.protobuf.ListValue": filler(read_list),
            "google.protobuf.Any": self._read_any,
            VALUE: filler(read_value),
        }
        self._special = WRAPPERS | self._known.keys()

    def message_reader(self, kind: Descriptor) -> Fill:
        """Return the function that decodes a message of this type."""
        name = kind.full_name
        if name not in self._known:
            # A recursive message refers to itself while its table is built.
            self._known[name] = lambda message, value: self._known[name](message, value)  # noqa: PLW0108
            self._known[name] = wrapper(kind) if name in WRAPPERS else self._object(kind)
        return self._known[name]

    def field_reader(self, field: FieldDescriptor) -> Fill:
        """Return the function that decodes a value into its field. Null leaves most unset."""
        fill = self._member(field)
        if takes_null(field) and not field.is_repeated:
            return fill
        return lambda message, value: None if value is None else fill(message, value)

    def _member(self, field: FieldDescriptor) -> Fill:
        """Return the function that decodes a non-null member into its field."""
        if is_map(field):
            return self._map(field)
        if field.is_repeated:
            return self._repeated(field)
        return scalar(field) if field.message_type is None else self._submessage(field)

    def _object(self, kind: Descriptor) -> Fill:
        members = self._members(kind)
        nullable = {
            name
            for field in kind.fields
            if takes_null(field) and not field.is_repeated
            for name in (field.name, field.json_name)
        }
        rivals = exclusive_groups(kind)
        # Without its contract name, the JSON name of a field excludes nothing.
        contested = frozenset(
            name for group, nulls in rivals for name in (group[1:] if nulls else group)
        )

        def fill(message: Any, value: Any) -> Violations | None:
            if value.__class__ is not dict:
                raise ValueError(OBJECT_FORM)
            violations: Violations = []
            if not contested.isdisjoint(value):
                violations += check_exclusive(rivals, value)
            for name, member in value.items():
                fill_member = members.get(name)
                if fill_member is None:
                    violations.append(Violation(name, UNKNOWN))
                    continue
                if member is None and name not in nullable:
                    continue
                try:
                    found = fill_member(message, member)
                except ValueError as error:
                    violations.append(Violation(name, f"{error}."))
                else:
                    if found:
                        violations += prefix_violations(name, found)
            return violations

        return fill

    def _members(self, kind: Descriptor) -> dict[str, Fill]:
        members: dict[str, Fill] = {}
        for field in kind.fields:
            members[field.name] = members[field.json_name] = self._member(field)
        if kind.is_extendable:
            for extension in self._pool.FindAllExtensions(kind):
                members[f"[{extension.full_name}]"] = self._extension(extension)
        return members

    def _submessage(self, field: FieldDescriptor) -> Fill:
        kind: Any = field.message_type
        name, fill = field.name, self.message_reader(kind)

        def fill_member(message: Any, value: Any) -> Violations | None:
            target = getattr(message, name)
            target.SetInParent()
            return fill(target, value)

        return fill_member

    def _extension(self, field: FieldDescriptor) -> Fill:
        """Return the function that decodes a singular scalar extension of a proto2 message."""
        if field.is_repeated or field.message_type is not None:
            return refuse_extension
        read = scalar_reader(field)

        def fill_member(message: Any, value: Any) -> None:
            message.Extensions[field] = read(value)

        return fill_member

    def _repeated(self, field: FieldDescriptor) -> Fill:
        name, nullable = field.name, takes_null(field)
        add = self._adder(field)

        def fill_member(message: Any, value: Any) -> Violations:
            if value.__class__ is not list:
                raise ValueError(LIST_FORM)
            target = getattr(message, name)
            return fill_each(enumerate(value), nullable, lambda _, item: add(target, item))

        return fill_member

    def _adder(self, field: FieldDescriptor) -> Fill:
        """Return the function that decodes one item and appends it to a repeated field."""
        if field.message_type is not None:
            fill = self.message_reader(field.message_type)
            return lambda target, item: fill(target.add(), item)
        read = scalar_reader(field)
        return lambda target, item: target.append(read(item))

    def _map(self, field: FieldDescriptor) -> Fill:
        name = field.name
        key_field, value_field = map_fields(field)
        read_key = key_reader(key_field)
        nullable = takes_null(value_field)
        set_item = self._item(value_field)

        def fill_member(message: Any, value: Any) -> Violations:
            if value.__class__ is not dict:
                raise ValueError(OBJECT_FORM)
            target = getattr(message, name)
            return fill_each(
                value.items(), nullable, lambda key, item: set_item(target, read_key(key), item)
            )

        return fill_member

    def _item(self, field: FieldDescriptor) -> Callable[[Any, Any, Any], Violations | None]:
        if field.message_type is not None:
            fill = self.message_reader(field.message_type)
            return lambda target, key, value: fill(target[key], value)
        read = scalar_reader(field)
        return lambda target, key, value: target.__setitem__(key, read(value))

    def _read_any(self, message: Any, value: Any) -> Violations | None:
        """Decode an Any. One of an unknown type is given as bytes."""
        if value.__class__ is not dict:
            raise ValueError(OBJECT_FORM)
        if not value:
            return None
        url = value.get(ANY_TYPE)
        if not isinstance(url, str):
            return [Violation(ANY_TYPE, "must name a type.")]
        members = {name: member for name, member in value.items() if name != ANY_TYPE}
        try:
            kind = self._pool.FindMessageTypeByName(url.rpartition("/")[2])
        except KeyError:
            message.type_url, message.value = url, unknown_bytes(url, members)
            return None
        inner = message_factory.GetMessageClass(kind)()
        if kind.full_name in self._special:
            if members.keys() != {"value"}:
                return [Violation("value", "must be the only member besides @type.")]
            found = prefix_violations(
                "value", self.message_reader(kind)(inner, members["value"]) or []
            )
        else:
            found = self.message_reader(kind)(inner, members) or []
        message.type_url, message.value = url, inner.SerializeToString()
        return found


def filler(read: Callable[[Any, Any], None]) -> Fill:
    return lambda message, value: read(value, message)


def wrapper(kind: Descriptor) -> Fill:
    return scalar(kind.fields_by_name["value"])


def scalar(field: FieldDescriptor) -> Fill:
    name, read = field.name, scalar_reader(field)

    def fill_member(message: Any, value: Any) -> None:
        setattr(message, name, read(value))

    def fill_text(message: Any, value: Any) -> None:
        if value.__class__ is not str:
            raise ValueError(TEXT_FORM)
        try:
            setattr(message, name, value)
        except UnicodeEncodeError:
            raise ValueError(HALF) from None

    return fill_text if field.type == FieldDescriptor.TYPE_STRING else fill_member


def refuse_extension(_: Any, __: Any) -> None:
    raise ValueError("is an extension that is not supported")


def takes_null(field: FieldDescriptor) -> bool:
    """True if null is a value of the field."""
    kind = field.message_type
    return is_null(field) or (kind is not None and kind.full_name == VALUE)


def fill_each(
    items: Iterable[tuple[Any, Any]],
    nullable: bool,  # noqa: FBT001 - see the two callers
    take: Callable[[Any, Any], Violations | None],
) -> Violations:
    """Decode every item of a list or map. Return the violations of all of them."""
    violations: Violations = []
    for key, item in items:
        name = f"[{key}]" if key.__class__ is int else key
        if item is None and not nullable:
            violations.append(Violation(name, f"{NO_NULL}."))
            continue
        try:
            found = take(key, item)
        except ValueError as error:
            violations.append(Violation(name, f"{error}."))
        else:
            if found:
                violations += prefix_violations(name, found)
    return violations


def prefix_violations(name: str, violations: Violations) -> Violations:
    """Prefix violations with the name of the member that holds them."""
    return [Violation(join_path(name, each.field), each.description) for each in violations]


def join_path(name: str, path: str) -> str:
    return name + path if not path or path.startswith("[") else f"{name}.{path}"


def unknown_bytes(url: str, members: dict[str, Any]) -> bytes:
    content = members.get("value")
    if members.keys() == {"value"} and isinstance(content, str):
        return well_known.read_bytes(content)
    raise ValueError(f"has the unknown type {url}: give its bytes as value, in base64")
