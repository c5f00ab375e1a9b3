"""OpenAPI 3.1 from the same descriptors that the gateway serves by."""

from typing import Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from gateway.codec import is_map
from gateway.descriptors import Contracts
from gateway.fields import bindable
from gateway.routes import Route, Table
from gateway.template import DOUBLE_STAR, STAR, Template
from gateway.version import VERSION

JSON = "application/json"
ERROR = "Error"
VERBS = frozenset({"GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"})
INTEGER_64 = {"type": "string", "format": "int64", "pattern": "^-?[0-9]+$"}
UNSIGNED_64 = {"type": "string", "format": "uint64", "pattern": "^[0-9]+$"}
DOUBLE = {"type": ["number", "string"], "format": "double"}

Schema = dict[str, Any]

SCALARS: dict[int, Schema] = {
    FieldDescriptor.TYPE_DOUBLE: DOUBLE,
    FieldDescriptor.TYPE_FLOAT: {"type": ["number", "string"], "format": "float"},
    FieldDescriptor.TYPE_INT64: INTEGER_64,
    FieldDescriptor.TYPE_SINT64: INTEGER_64,
    FieldDescriptor.TYPE_SFIXED64: INTEGER_64,
    FieldDescriptor.TYPE_UINT64: UNSIGNED_64,
    FieldDescriptor.TYPE_FIXED64: UNSIGNED_64,
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_STRING: {"type": "string"},
    FieldDescriptor.TYPE_BYTES: {"type": "string", "format": "byte"},
}
INTEGER_32: Schema = {"type": "integer", "format": "int32"}

WELL_KNOWN: dict[str, Schema] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?s$"},
    "google.protobuf.FieldMask": {"type": "string"},
    "google.protobuf.Struct": {"type": "object"},
    "google.protobuf.Value": {},
    "google.protobuf.ListValue": {"type": "array"},
    "google.protobuf.Empty": {"type": "object"},
    "google.protobuf.Any": {"type": "object", "properties": {"@type": {"type": "string"}}},
}

ERROR_SCHEMA: Schema = {
    "type": "object",
    "description": "An error (AIP-193).",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "code": {"type": "integer", "description": "The HTTP status."},
                "status": {"type": "string", "description": "The gRPC code."},
                "message": {"type": "string"},
                "details": {"type": "array", "items": {"type": "object"}},
            },
        }
    },
}


class Schemas:
    """The schemas of the messages and enums met, by full name."""

    def __init__(self, comments: dict[str, str]) -> None:
        self._comments = comments
        self.known: dict[str, Schema] = {ERROR: ERROR_SCHEMA}

    def of(self, field: FieldDescriptor) -> Schema:
        """The schema of a field, with its comment."""
        kind = field.message_type
        if kind is not None and is_map(field):
            value = self._single(kind.fields_by_name["value"])
            schema: Schema = {"type": "object", "additionalProperties": value}
        elif field.is_repeated:
            schema = {"type": "array", "items": self._single(field)}
        else:
            schema = self._single(field)
        comment = self.comment(field.full_name)
        return schema | {"description": comment} if comment else schema

    def message(self, message: Descriptor) -> Schema:
        name = message.full_name
        if name in WELL_KNOWN:
            return WELL_KNOWN[name]
        if name.startswith("google.protobuf.") and name.endswith("Value"):
            return self._single(message.fields_by_name["value"])
        if name not in self.known:
            schema: Schema = {"type": "object"}
            self.known[name] = schema
            if comment := self.comment(name):
                schema["description"] = comment
            schema["properties"] = {field.json_name: self.of(field) for field in message.fields}
        return {"$ref": f"#/components/schemas/{name}"}

    def comment(self, name: str) -> str:
        return " ".join(self._comments.get(name, "").split())

    def _single(self, field: FieldDescriptor) -> Schema:
        if field.message_type is not None:
            return self.message(field.message_type)
        if field.enum_type is not None:
            return self._enum(field.enum_type)
        return SCALARS.get(field.type, INTEGER_32)

    def _enum(self, enum: EnumDescriptor) -> Schema:
        if enum.full_name not in self.known:
            lines = [
                f"`{value.name}`: {comment}"
                for value in enum.values
                if (comment := self.comment(f"{enum.full_name}.{value.name}"))
            ]
            self.known[enum.full_name] = {
                "type": "string",
                "enum": [value.name for value in enum.values],
                "description": "\n".join([self.comment(enum.full_name), *lines]).strip(),
            }
        return {"$ref": f"#/components/schemas/{enum.full_name}"}


def make_openapi(contracts: Contracts, table: Table) -> dict[str, Any]:
    """Makes the document: every route is an operation, but for verbs that OpenAPI has not."""
    schemas = Schemas(contracts.comments)
    paths: dict[str, dict[str, Any]] = {}
    for route in table.routes:
        if route.verb in VERBS:
            path, names = expand(route.template)
            paths.setdefault(path, {})[route.verb.lower()] = operation(route, names, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Libral Core", "version": VERSION},
        "paths": paths,
        "components": {
            "schemas": schemas.known,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
        },
    }


def expand(template: Template) -> tuple[str, list[str]]:
    """Writes a template as OpenAPI has it: one parameter for each wildcard."""
    parts: list[str] = []
    names: list[str] = []
    for number, segment in enumerate(template.segments):
        if segment not in {STAR, DOUBLE_STAR}:
            parts.append(segment)
            continue
        name = parameter_name(template, number)
        names.append(name if name not in names else f"{name}{number}")
        parts.append("{" + names[-1] + "}")
    return "/" + "/".join(parts) + (f":{template.verb}" if template.verb else ""), names


def parameter_name(template: Template, number: int) -> str:
    """Names a wildcard after its variable, or after the collection that it stands in."""
    for variable in template.variables:
        if (variable.start, variable.end) == (number, number + 1):
            return variable.field
    before = template.segments[number - 1] if number else ""
    return f"{before}Id" if before not in {STAR, DOUBLE_STAR, ""} else f"segment{number}"


def operation(route: Route, names: list[str], schemas: Schemas) -> dict[str, Any]:
    method = route.method
    service, _, name = method.full_name.rpartition(".")
    found: dict[str, Any] = {
        "operationId": f"{service.rpartition('.')[2]}_{name}",
        "tags": [service.rpartition(".")[2]],
        "description": schemas.comment(method.full_name),
        "parameters": [*map(path_parameter, names), *query_parameters(route, schemas)],
        "responses": responses(route, schemas),
    }
    if method.rule is not None and not method.rule.public:
        found["security"] = [{"bearer": sorted(method.rule.roles)}]
    if route.takes_body:
        found["requestBody"] = {"content": body_content(route, schemas)}
    return found


def path_parameter(name: str) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def query_parameters(route: Route, schemas: Schemas) -> list[Schema]:
    """Lists the fields that the query may give, those of messages not among them."""
    if route.whole_body:
        return []
    taken = {variable.field for variable in route.template.variables}
    taken |= {route.body.name} if route.body is not None else set()
    return [
        {"name": field.json_name, "in": "query", "schema": schemas.of(field)}
        for field in route.method.input.fields
        if field.name not in taken and bindable(field) and not is_map(field)
    ]


def body_content(route: Route, schemas: Schemas) -> Schema:
    if route.raw_body:
        return {"*/*": {}}
    schema = schemas.message(route.method.input) if route.body is None else schemas.of(route.body)
    return {JSON: {"schema": schema}}


def responses(route: Route, schemas: Schemas) -> Schema:
    if route.raw_answer:
        content: Schema = {"*/*": {}}
    else:
        field = route.response_body
        schema = schemas.message(route.method.output) if field is None else schemas.of(field)
        kinds = [JSON]
        if route.method.server_streaming:
            kinds = ["text/event-stream", "application/x-ndjson"]
        content = {kind: {"schema": schema} for kind in kinds}
    error = {JSON: {"schema": {"$ref": f"#/components/schemas/{ERROR}"}}}
    return {
        "200": {"description": "OK", "content": content},
        "default": {"description": "An error.", "content": error},
    }
