"""The gateway's own pages."""

import os
from datetime import datetime
from pathlib import Path

import pytest

from gateway.contracts.descriptors import load_bundled
from gateway.docs.html import render_html
from gateway.docs.openapi import expand, make_openapi
from gateway.routing import routes
from gateway.routing.table import make_table
from gateway.routing.template import parse
from tests.gateway.conftest import PACKAGE, error_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_health(http):
    answer = (await http.get("/healthz")).json()
    assert (answer["status"], answer["pid"]) == ("SERVING", os.getpid())
    assert datetime.fromisoformat(answer["startTime"]).tzinfo is not None


async def test_readiness(http, echo):
    response = await http.get("/readyz")
    assert response.json() == {"status": "SERVING", "upstreams": [PACKAGE]}


async def test_own_pages_are_read_only(http):
    response = await http.post("/healthz")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD, OPTIONS"
    assert error_of(response)["message"] == "POST is not allowed here: use GET, HEAD, OPTIONS."


async def test_openapi_describes_every_route(http, gateway):
    document = (await http.get("/openapi.json")).json()
    assert document["openapi"] == "3.1.0"
    operations = [o for path in document["paths"].values() for o in path.values()]
    assert len(operations) == len(gateway.core.table.routes) - 1  # OpenAPI has no REPORT
    schema = document["components"]["schemas"]["test.v1.Item"]
    assert schema["description"] == "A thing."
    assert schema["properties"]["name"] == {"type": "string", "description": "Its name."}


async def test_openapi_tells_of_behavior_streams_and_bodies(upload_gateway, uploading):
    document = (await uploading.get("/openapi.json")).json()
    assert document["info"]["title"] == "uploads.v1"
    item = document["components"]["schemas"]["uploads.v1.Item"]
    assert item["required"] == ["displayName"]
    assert item["properties"]["size"]["readOnly"] is True
    fetch = document["paths"]["/v1/files:fetch"]["get"]
    kinds = {each["name"]: each["schema"] for each in fetch["parameters"]}
    assert kinds["contentType"]["writeOnly"] is True
    assert fetch["responses"]["200"]["content"] == {"*/*": {}}
    gather = document["paths"]["/v1/items"]["post"]["requestBody"]["content"]
    reference = {"$ref": "#/components/schemas/uploads.v1.Item"}
    assert gather["application/x-ndjson"]["schema"] == reference
    assert gather["application/json"]["schema"] == {"type": "array", "items": reference}
    assert "multipart/form-data" in gather
    store = document["paths"]["/v1/files/{filesId}:upload"]["post"]
    assert [each["name"] for each in store["parameters"]] == [
        "filesId",
        "file.title",
        "file.copies",
    ]
    assert list(store["requestBody"]["content"]) == ["*/*", "multipart/form-data"]
    chat = document["paths"]["/v1/chat"]["post"]["responses"]["200"]["content"]
    assert sorted(chat) == ["application/json", "application/x-ndjson", "text/event-stream"]
    names = [each["operationId"] for path in document["paths"].values() for each in path.values()]
    assert len(names) == len(set(names)) == len(upload_gateway.core.table.routes)


async def test_openapi_tells_of_maps_nested_fields_and_cursors(http):
    paths = (await http.get("/openapi.json")).json()["paths"]
    parameters = {each["name"]: each for each in paths["/v1/echo"]["get"]["parameters"]}
    assert parameters["counts"]["style"] == "deepObject"
    assert parameters["item.count"]["schema"]["maximum"] == 2**31 - 1
    assert paths["/v1/nested/{item_count}"]["get"]["parameters"][0]["schema"]["type"] == "integer"
    stream = {each["name"]: each["in"] for each in paths["/v1/public:stream"]["get"]["parameters"]}
    assert stream["Last-Event-ID"] == "header"


async def test_an_update_needs_no_required_field():
    contracts = load_bundled()
    document = make_openapi(contracts, make_table(contracts))
    schemas = document["components"]["schemas"]
    patched = document["paths"]["/v1/alertRules/{alertRulesId}"]["patch"]["requestBody"]["content"]
    name = "libral.metrics.v1.AlertRule"
    assert patched["application/json"]["schema"] == {"$ref": f"#/components/schemas/{name}.Update"}
    assert "required" in schemas[name]
    assert "required" not in schemas[f"{name}.Update"]


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
    assert expand(parse(template)) == (path, names)


async def test_docs_need_nothing_from_elsewhere(http):
    response = await http.get("/docs")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert "GET /v1/items/{itemsId}" in response.text
    assert "<script" not in response.text
    assert "//" not in response.text.replace("<!doctype", "")


async def test_docs_escape_what_they_show():
    evil = "<script>alert(1)</script>"
    operation = {"tags": [evil], "description": evil, "parameters": [], "responses": {}}
    document = {"info": {"title": evil, "version": "1"}, "paths": {f"/{evil}": {"get": operation}}}
    assert "<script" not in render_html(document)


SOURCES = [path.read_text() for path in Path(routes.__file__).parent.glob("*.py")]


async def test_the_gateway_imports_no_room():
    sources = "".join(SOURCES)
    assert "import libral" not in sources
    assert "from libral" not in sources
    assert "from services" not in sources
