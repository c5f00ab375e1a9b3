"""Properties of fields, shared by encoder and decoder."""

from typing import Any

from google.protobuf.descriptor import FieldDescriptor

ANY_TYPE = "@type"
NULL_VALUE = "google.protobuf.NullValue"
VALUE = "google.protobuf.Value"
WRAPPERS = frozenset(
    f"google.protobuf.{kind}Value"
    for kind in ("Double", "Float", "Int64", "UInt64", "Int32", "UInt32", "Bool", "String", "Bytes")
)
INTEGERS_64 = frozenset(
    {
        FieldDescriptor.TYPE_INT64,
        FieldDescriptor.TYPE_UINT64,
        FieldDescriptor.TYPE_SINT64,
        FieldDescriptor.TYPE_FIXED64,
        FieldDescriptor.TYPE_SFIXED64,
    }
)


def is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def is_null(field: FieldDescriptor) -> bool:
    """True if the field is a `google.protobuf.NullValue`, which JSON writes as null."""
    return field.enum_type is not None and field.enum_type.full_name == NULL_VALUE


def map_fields(field: FieldDescriptor) -> tuple[FieldDescriptor, FieldDescriptor]:
    """Return the key field and the value field of a map."""
    entry: Any = field.message_type
    return entry.fields_by_name["key"], entry.fields_by_name["value"]
