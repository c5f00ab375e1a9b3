"""The OpenAPI document."""

import pytest

from gateway.contracts.descriptors import load_bundled
from gateway.docs.openapi import expand_template, make_openapi
from gateway.routing.table import make_table
from gateway.routing.template import parse_template

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_openapi_describes_every_route(http, gateway):
    document = (await http.get("/openapi.json")).json()
    assert document["openapi"] == "3.1.0"
    operations = [o for path in document["paths"].values() for o in path.values()]
    assert len(operations) == len(gateway.context.table.routes) - 1  # OpenAPI has no REPORT
    schema = document["components"]["schemas"]["test.v1.Item"]
    assert schema["description"] == "A thing."
    assert schema["properties"]["name"] == {"type": "string", "description": "Its name."}


async def test_openapi_describes_maps_nested_fields_and_cursors(http):
    paths = (await http.get("/openapi.json")).json()["paths"]
    parameters = {each["name"]: each for each in paths["/v1/echo"]["get"]["parameters"]}
    assert parameters["counts"]["style"] == "deepObject"
    assert parameters["item.count"]["schema"]["maximum"] == 2**31 - 1
    assert paths["/v1/nested/{item_count}"]["get"]["parameters"][0]["schema"]["type"] == "integer"
    stream = {each["name"]: each["in"] for each in paths["/v1/public:stream"]["get"]["parameters"]}
    assert stream["Last-Event-ID"] == "header"


def references(value):
    if isinstance(value, dict):
        for name, member in value.items():
            if name == "$ref":
                yield member
            else:
                yield from references(member)
    elif isinstance(value, list):
        for member in value:
            yield from references(member)


async def test_openapi_of_the_mesh_is_whole():
    contracts = load_bundled()
    document = make_openapi(contracts, make_table(contracts))
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) <= known
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["description"], path
            declared = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
            assert all(f"{{{name}}}" in path for name in declared)
            assert path.count("{") == len(declared)


@pytest.mark.parametrize(
    ("template", "path", "names"),
    [
        ("/v1/{id}", "/v1/{id}", ["id"]),
        ("/v1/{name=users/*}", "/v1/users/{usersId}", ["usersId"]),
        ("/v1/{name=users/*}:undelete", "/v1/users/{usersId}:undelete", ["usersId"]),
        ("/v1/{name=a/*/a/*}", "/v1/a/{aId}/a/{aId4}", ["aId", "aId4"]),
        ("/**", "/{segment0}", ["segment0"]),
    ],
)
async def test_templates_become_openapi_paths(template, path, names):
    assert expand_template(parse_template(template)) == (path, names)
