"""OpenAPI 3.1, generated from the descriptors that the gateway serves."""

from collections.abc import Iterator
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from gateway.codec import JsonOptions, is_map
from gateway.contracts.descriptors import Contracts
from gateway.docs.schemas import ERROR, Schema, SchemaRegistry
from gateway.http.messages import FORM, JSON, NDJSON
from gateway.rest.stream_formats import SSE_TYPE
from gateway.routing.routes import Route
from gateway.routing.table import RouteTable
from gateway.routing.template import DOUBLE_STAR, STAR, Template
from gateway.routing.text_fields import is_bindable
from services.common.version import VERSION

VERBS = frozenset({"GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"})
OWN_PACKAGE, TITLE = "libral.", "Libral Core"
LINES = (
    "One message a line or event. The last has the final `status`, an error or `OK`. "
    "A failed array is not closed."
)
CHUNKS = "A file. If the stream fails, the connection is dropped."
FORM_SCHEMA: Schema = {
    "type": "object",
    "description": "Fields are named as in a query; consecutive fields are one message. "
    "A file is sent to the field of its name in chunks, one message each. "
    "A part of JSON is a message.",
}


def make_openapi(
    contracts: Contracts, table: RouteTable, options: JsonOptions | None = None
) -> dict[str, Any]:
    """Return the document, with an operation for every route whose verb OpenAPI has."""
    schemas = SchemaRegistry(contracts.comments, options or JsonOptions())
    paths: dict[str, dict[str, Any]] = {}
    numbers: dict[str, int] = {}
    for route in table.routes:
        if route.verb in VERBS:
            path, names = expand_template(route.template)
            name = operation_id(route, numbers)
            found = operation(route, names, schemas) | {"operationId": name}
            paths.setdefault(path, {}).setdefault(route.verb.lower(), found)
    return {
        "openapi": "3.1.0",
        "info": {"title": title(contracts), "version": VERSION},
        "paths": paths,
        "components": {
            "schemas": schemas.known,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
        },
    }


def title(contracts: Contracts) -> str:
    packages = sorted({method.package for method in contracts.methods if method.bindings})
    own = all(package.startswith(OWN_PACKAGE) for package in packages)
    return TITLE if own else ", ".join(packages)


def operation_id(route: Route, numbers: dict[str, int]) -> str:
    """Name an operation after its method, with a number from the second binding on."""
    service, _, name = route.method.full_name.rpartition(".")
    base = f"{service.rpartition('.')[2]}_{name}"
    numbers[base] = numbers.get(base, 0) + 1
    return base if numbers[base] == 1 else f"{base}_{numbers[base]}"


def expand_template(template: Template) -> tuple[str, list[str]]:
    """Return the OpenAPI path of a template, and a parameter name for each wildcard."""
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
    """Name a wildcard after its variable, or after the collection before it."""
    for variable in template.variables:
        if (variable.start, variable.end) == (number, number + 1):
            return variable_name(variable.field)
    before = template.segments[number - 1] if number else ""
    return f"{before}Id" if before not in {STAR, DOUBLE_STAR, ""} else f"segment{number}"


def variable_name(field: str) -> str:
    """Return the name of a variable with underscores, since many tools reject dots."""
    return field.replace(".", "_")


def operation(route: Route, names: list[str], schemas: SchemaRegistry) -> dict[str, Any]:
    method = route.method
    service, _, _ = method.full_name.rpartition(".")
    found: dict[str, Any] = {
        "tags": [service.rpartition(".")[2]],
        "description": schemas.comment(method.full_name),
        "parameters": [
            *(path_parameter(name, route, schemas) for name in names),
            *query_parameters(route, schemas),
            *resume_parameters(route),
        ],
        "responses": responses(route, schemas),
    }
    if method.rule is not None and not method.rule.public:
        found["security"] = [{"bearer": sorted(method.rule.roles)}]
    if route.takes_body:
        found["requestBody"] = {"content": body_content(route, schemas)}
    return found


def path_parameter(name: str, route: Route, schemas: SchemaRegistry) -> Schema:
    """Describe a wildcard, which is a whole field or a segment of one."""
    targets = {variable_name(field): target for field, target in route.variables.items()}
    schema = schemas.field_schema(targets[name].field) if name in targets else {"type": "string"}
    if schema.get("type") == "string" and "pattern" not in schema:
        schema = schema | {"minLength": 1}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def query_parameters(route: Route, schemas: SchemaRegistry) -> list[Schema]:
    """Return the parameters of a query."""
    if route.whole_body:
        return []
    taken = {variable.field for variable in route.template.variables}
    taken |= {route.body.name} if route.body is not None else set()
    found: list[Schema] = []
    for chain in query_fields(route.method.input, (), taken):
        name = ".".join(map(schemas.field_name, chain))
        parameter: Schema = {"name": name, "in": "query", "schema": schemas.field_schema(chain[-1])}
        # A map is written as `name[key]=value`.
        found.append(parameter | {"style": "deepObject"} if is_map(chain[-1]) else parameter)
    return found


def query_fields(
    message: Descriptor, chain: tuple[FieldDescriptor, ...], taken: set[str]
) -> Iterator[tuple[FieldDescriptor, ...]]:
    """Yield the fields that a query can give, including those of nested messages."""
    above = {field.message_type for field in chain}
    for field in message.fields:
        longer = (*chain, field)
        if ".".join(each.name for each in longer) in taken:
            continue
        inner = field.message_type
        if is_bindable(field):
            yield longer
        elif inner is not None and inner not in above and not field.is_repeated:
            yield from query_fields(inner, longer, taken)


def resume_parameters(route: Route) -> list[Schema]:
    """Return the header with which a client resumes a stream."""
    if not route.method.resume:
        return []
    description = "The `id` of the last event received."
    name, schema = "Last-Event-ID", {"type": "string"}
    return [{"name": name, "in": "header", "description": description, "schema": schema}]


def body_content(route: Route, schemas: SchemaRegistry) -> Schema:
    raw: Schema = {"*/*": {}}
    if not route.method.client_streaming:
        return raw if route.raw_body else {JSON: {"schema": body_schema(route, schemas)}}
    form: Schema = {FORM: {"schema": FORM_SCHEMA}}
    if route.raw_body:
        return raw | form
    schema = body_schema(route, schemas)
    messages = {"schema": {"type": "array", "items": schema}}
    return {NDJSON: {"schema": schema}, JSON: messages} | form


def body_schema(route: Route, schemas: SchemaRegistry) -> Schema:
    field = route.body
    if field is None:
        return schemas.message_schema(route.method.input)
    if route.mask is not None and field.message_type is not None:
        return schemas.message_schema(field.message_type, update=True)
    return schemas.field_schema(field)


def responses(route: Route, schemas: SchemaRegistry) -> Schema:
    error = {JSON: {"schema": {"$ref": f"#/components/schemas/{ERROR}"}}}
    return {
        "200": success_response(route, schemas),
        "default": {"description": "An error.", "content": error},
    }


def success_response(route: Route, schemas: SchemaRegistry) -> Schema:
    streams = route.method.server_streaming
    if route.raw_response:
        return {"description": CHUNKS if streams else "A file.", "content": {"*/*": {}}}
    field = route.response_body
    schema = (
        schemas.message_schema(route.method.output)
        if field is None
        else schemas.field_schema(field)
    )
    if not streams:
        return {"description": "OK", "content": {JSON: {"schema": schema}}}
    content: Schema = {kind: {"schema": schema} for kind in (NDJSON, SSE_TYPE)}
    content[JSON] = {"schema": {"type": "array", "items": schema}}
    return {"description": LINES, "content": content}
