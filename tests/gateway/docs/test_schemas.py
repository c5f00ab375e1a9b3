"""JSON schemas: behavior, streams, bodies, updates."""

import pytest

from gateway.contracts.descriptors import load_bundled
from gateway.docs.openapi import make_openapi
from gateway.routing.table import make_table

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_openapi_describes_behavior_streams_and_bodies(upload_gateway, uploading):
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
    assert len(names) == len(set(names)) == len(upload_gateway.context.table.routes)


async def test_an_update_needs_no_required_field():
    contracts = load_bundled()
    document = make_openapi(contracts, make_table(contracts))
    schemas = document["components"]["schemas"]
    patched = document["paths"]["/v1/alertRules/{alertRulesId}"]["patch"]["requestBody"]["content"]
    name = "libral.metrics.v1.AlertRule"
    assert patched["application/json"]["schema"] == {"$ref": f"#/components/schemas/{name}.Update"}
    assert "required" in schemas[name]
    assert "required" not in schemas[f"{name}.Update"]
