"""JSON schemas of messages and enums, as the codec of a deployment reads and writes them."""

from collections.abc import Mapping
from typing import Any

from google.api import field_behavior_pb2
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from gateway.codec import JsonOptions, is_map
from gateway.codec.fields import WRAPPERS, is_null, map_fields

ERROR = "Error"
UPDATE = ".Update"
FIELD_BEHAVIOR: Any = field_behavior_pb2.field_behavior
REQUIRED: int = field_behavior_pb2.REQUIRED
MARKS: Mapping[int, str] = {
    field_behavior_pb2.OUTPUT_ONLY: "readOnly",
    field_behavior_pb2.INPUT_ONLY: "writeOnly",
}

MASK = r"(?:\*|[a-zA-Z0-9]+(?:\.[a-zA-Z0-9]+)*)"

Schema = dict[str, Any]


def integer(name: str, low: int, high: int) -> Schema:
    return {"type": "integer", "format": name, "minimum": low, "maximum": high}


def floating(name: str) -> Schema:
    names = {"type": "string", "enum": ["NaN", "Infinity", "-Infinity"]}
    return {"anyOf": [{"type": "number", "format": name}, names]}


INTEGER_32 = integer("int32", -(2**31), 2**31 - 1)
UNSIGNED_32 = integer("uint32", 0, 2**32 - 1)
INTEGER_64: Schema = {"type": "string", "format": "int64", "pattern": "^-?[0-9]{1,18}$"}
UNSIGNED_64: Schema = {"type": "string", "format": "uint64", "pattern": "^[0-9]{1,19}$"}
BYTES: Schema = {"type": "string", "format": "byte", "contentEncoding": "base64"}

SCALARS: Mapping[int, Schema] = {
    FieldDescriptor.TYPE_DOUBLE: floating("double"),
    FieldDescriptor.TYPE_FLOAT: floating("float"),
    FieldDescriptor.TYPE_INT32: INTEGER_32,
    FieldDescriptor.TYPE_SINT32: INTEGER_32,
    FieldDescriptor.TYPE_SFIXED32: INTEGER_32,
    FieldDescriptor.TYPE_UINT32: UNSIGNED_32,
    FieldDescriptor.TYPE_FIXED32: UNSIGNED_32,
    FieldDescriptor.TYPE_INT64: INTEGER_64,
    FieldDescriptor.TYPE_SINT64: INTEGER_64,
    FieldDescriptor.TYPE_SFIXED64: INTEGER_64,
    FieldDescriptor.TYPE_UINT64: UNSIGNED_64,
    FieldDescriptor.TYPE_FIXED64: UNSIGNED_64,
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_STRING: {"type": "string"},
    FieldDescriptor.TYPE_BYTES: BYTES,
}

WELL_KNOWN: Mapping[str, Schema] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {
        "type": "string",
        "pattern": r"^-?[0-9]{1,11}(\.[0-9]{1,9})?s$",
    },
    "google.protobuf.FieldMask": {"type": "string", "pattern": f"^(?:{MASK}(?:,{MASK})*)?$"},
    "google.protobuf.Struct": {"type": "object"},
    "google.protobuf.Value": {},
    "google.protobuf.ListValue": {"type": "array"},
    "google.protobuf.Empty": {"type": "object"},
    "google.protobuf.Any": {"type": "object", "properties": {"@type": {"type": "string"}}},
}

ERROR_SCHEMA: Schema = {
    "type": "object",
    "description": "An error (AIP-193).",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "status", "message", "details"],
            "properties": {
                "code": {"type": "integer", "description": "The HTTP status."},
                "status": {"type": "string", "description": "The gRPC code."},
                "message": {"type": "string"},
                "details": {"type": "array", "items": {"type": "object"}},
            },
        }
    },
}


class SchemaRegistry:
    """The schemas of all messages and enums referenced so far, by full name."""

    def __init__(self, comments: Mapping[str, str], options: JsonOptions) -> None:
        self._comments = comments
        self._options = options
        self.known: dict[str, Schema] = {ERROR: ERROR_SCHEMA}

    def field_name(self, field: FieldDescriptor) -> str:
        return field.name if self._options.proto_names else field.json_name

    def field_schema(self, field: FieldDescriptor) -> Schema:
        """Return the schema of a field, with its comment and its behavior (AIP-203)."""
        if is_map(field):
            value = self._single(map_fields(field)[1])
            schema: Schema = {"type": "object", "additionalProperties": value}
        elif field.is_repeated:
            schema = {"type": "array", "items": self._single(field)}
        else:
            schema = self._single(field)
        marks: Schema = {MARKS[each]: True for each in behavior(field) if each in MARKS}
        if comment := self.comment(field.full_name):
            marks["description"] = comment
        return schema | marks

    def message_schema(self, message: Descriptor, *, update: bool = False) -> Schema:
        """Return the schema of a message. In an `update` no field is required."""
        name = message.full_name
        if name in WELL_KNOWN:
            return WELL_KNOWN[name]
        if name in WRAPPERS:
            return self._single(message.fields_by_name["value"])
        key = name + UPDATE if update else name
        if key not in self.known:
            schema: Schema = {"type": "object"}
            self.known[key] = schema
            if comment := self.comment(name):
                schema["description"] = comment
            schema["properties"] = {
                self.field_name(field): self.field_schema(field) for field in message.fields
            }
            required = [
                self.field_name(field) for field in message.fields if self._is_required(field)
            ]
            if required and not update:
                schema["required"] = required
        return {"$ref": f"#/components/schemas/{key}"}

    def comment(self, name: str) -> str:
        return " ".join(self._comments.get(name, "").split())

    def _is_required(self, field: FieldDescriptor) -> bool:
        """True if the field is always given. Without defaults a response may lack any field."""
        return self._options.defaults and REQUIRED in behavior(field)

    def _single(self, field: FieldDescriptor) -> Schema:
        if field.message_type is not None:
            return self.message_schema(field.message_type)
        if is_null(field):
            return {"type": "null"}
        if field.enum_type is not None:
            return self._enum(field.enum_type)
        return SCALARS[field.type]

    def _enum(self, enum: EnumDescriptor) -> Schema:
        if enum.full_name not in self.known:
            lines = [
                f"`{value.name}`: {comment}"
                for value in enum.values
                if (comment := self.comment(f"{enum.full_name}.{value.name}"))
            ]
            numbers = self._options.enum_numbers
            self.known[enum.full_name] = {
                "type": "integer" if numbers else "string",
                "enum": [value.number if numbers else value.name for value in enum.values],
                "description": "\n".join([self.comment(enum.full_name), *lines]).strip(),
            }
        return {"$ref": f"#/components/schemas/{enum.full_name}"}


def behavior(field: FieldDescriptor) -> frozenset[int]:
    options: Any = field.GetOptions()
    return frozenset(options.Extensions[FIELD_BEHAVIOR])
