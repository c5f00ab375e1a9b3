"""Identical reads share one upstream call."""

import asyncio

import httpx
import pytest
import pytest_asyncio

from tests.gateway.conftest import EchoService, RunningGateway, eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")


class SlowEcho(EchoService):
    """Responds only after its release."""

    async def get_item(self, request, context):
        self.note(request, context)
        await self.go.wait()
        return request


@pytest_asyncio.fixture(loop_scope="session")
async def slow(contracts, tokens):
    service = SlowEcho(contracts, tokens)
    service.go = asyncio.Event()
    await service.start()
    async with RunningGateway(contracts, service.targets) as gateway:
        gateway.http = httpx.AsyncClient(
            base_url=gateway.url,
            trust_env=False,
            limits=httpx.Limits(max_connections=200, max_keepalive_connections=200),
        )
        yield service, gateway
    await service.stop()


async def test_identical_reads_share_one_call(slow):
    service, gateway = slow
    same = [asyncio.create_task(gateway.http.get("/v1/items/a?count=1")) for _ in range(50)]
    other = asyncio.create_task(gateway.http.get("/v1/items/a?count=2"))
    language = {"accept-language": "ja"}
    third = asyncio.create_task(gateway.http.get("/v1/items/a?count=1", headers=language))
    await eventually(lambda: len(service.requests) == 3)
    await asyncio.sleep(0.3)
    service.go.set()
    responses = await asyncio.gather(*same)
    assert {response.json()["count"] for response in responses} == {1}
    assert len({response.headers["x-request-id"] for response in responses}) == 50
    assert ((await other).json()["count"], (await third).json()["count"]) == (2, 1)
    assert len(service.requests) == 3


async def test_a_cancelled_request_does_not_cancel_others(slow):
    service, gateway = slow
    first = asyncio.create_task(gateway.http.get("/v1/items/a"))
    await eventually(lambda: len(service.requests) == 1)
    rest = [asyncio.create_task(gateway.http.get("/v1/items/a")) for _ in range(5)]
    await asyncio.sleep(0.2)
    first.cancel()
    service.go.set()
    assert {response.status_code for response in await asyncio.gather(*rest)} == {200}


async def test_an_error_is_shared_too(slow):
    service, gateway = slow
    url = "/v1/items/a"
    timeout = {"x-request-timeout": "0.3"}
    asked = [asyncio.create_task(gateway.http.get(url, headers=timeout)) for _ in range(5)]
    assert {response.status_code for response in await asyncio.gather(*asked)} == {504}
    assert len(service.requests) == 1
