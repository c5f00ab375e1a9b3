"""The keys of tokens, fetched from the method that publishes them."""

import pytest

from tests.gateway.conftest import PACKAGE, RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_fetches_the_keys_by_their_well_known_path(contracts, shared_echo, tokens):
    before = tokens.fetched
    async with RunningGateway(contracts, shared_echo.targets) as gateway:
        for number in range(2):
            headers = tokens.bearer("ADMIN", sub=f"users/{number}")
            assert (await gateway.http.get("/v1/admin", headers=headers)).status_code == 200
    assert tokens.fetched == before + 1


async def test_503_while_the_keys_cannot_be_had(contracts, tokens):
    async with RunningGateway(contracts, {PACKAGE: "127.0.0.1:1"}) as gateway:
        response = await gateway.http.get("/v1/admin", headers=tokens.bearer("ADMIN"))
        assert response.status_code == 503
        assert response.headers["retry-after"] == "1"
