"""Cross-origin requests."""

import pytest

from tests.gateway.conftest import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_cors_is_off_unless_an_origin_is_named(contracts, echo):
    targets = echo.targets
    asked = {"origin": "https://a.example", "access-control-request-method": "GET"}
    async with RunningGateway(contracts, targets) as gateway:
        response = await gateway.http.get("/v1/echo", headers=asked)
        assert not [name for name in response.headers if name.startswith("access-control")]
    origins = frozenset({"https://a.example"})
    async with RunningGateway(contracts, targets, cors_origins=origins) as gateway:
        response = await gateway.http.get("/v1/echo", headers=asked)
        assert response.headers["access-control-allow-origin"] == "https://a.example"
        response = await gateway.http.get("/nope", headers=asked)
        assert response.headers["access-control-allow-origin"] == "https://a.example"
        response = await gateway.http.options(
            "/v1/echo", headers=asked | {"access-control-request-headers": "authorization"}
        )
        assert response.headers["access-control-allow-headers"] == "authorization"
        assert "POST" in response.headers["access-control-allow-methods"]
        response = await gateway.http.get("/v1/echo", headers={"origin": "https://b.example"})
        assert "access-control-allow-origin" not in response.headers
        assert response.headers["vary"] == "origin"
