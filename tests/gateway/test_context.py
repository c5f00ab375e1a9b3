"""The context that all requests share."""

import pytest

from gateway.codec import JsonOptions
from tests.gateway.conftest import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_json_is_as_the_deployment_wants_it(contracts, shared_echo):
    chosen = JsonOptions(proto_names=True, defaults=False, enum_numbers=True)
    async with RunningGateway(contracts, shared_echo.targets, json=chosen) as gateway:
        query = "active5mCount=1&color=RED&small=0&item.count=0"
        response = await gateway.http.get(f"/v1/echo?{query}")
        assert response.json() == {"active_5m_count": 1, "color": 1, "item": {}}
        lines = (await gateway.http.get("/v1/public:stream?until=1")).text.splitlines()
        assert lines[0] == '{"position":"1"}'
        refused = await gateway.http.get("/v1/echo?nope=1")
        assert "fieldViolations" in refused.json()["error"]["details"][1]
        document = (await gateway.http.get("/openapi.json")).json()["components"]["schemas"]
        assert "active_5m_count" in document["test.v1.Everything"]["properties"]
        assert document["test.v1.Color"]["enum"] == [0, 1, 2]
        context = gateway.context
        assert (
            context.with_contracts(contracts, context.table, shared_echo.targets).codec.options
            == chosen
        )
