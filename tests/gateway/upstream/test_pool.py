"""The upstreams of a gateway: unavailable, without an address, and available again."""

import asyncio
import time

import pytest

from gateway.http.errors import StatusError
from gateway.upstream.pool import GRPCIO, LEAN, make_upstream
from tests.gateway.conftest import PACKAGE, EchoService, RunningGateway, error_of
from tests.gateway.upstream.servers import call

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_an_upstream_that_is_away_is_503_and_comes_back(contracts, tokens):
    service = EchoService(contracts, tokens)
    await service.start()
    await service.stop()
    async with RunningGateway(contracts, service.targets) as gateway:
        started = time.monotonic()
        response = await gateway.http.get("/v1/echo")
        assert time.monotonic() - started < 2
        assert response.status_code == 503
        assert response.headers["retry-after"] == "1"
        error = error_of(response)
        assert error["message"] == f"{PACKAGE} is not available."
        assert str(service.port) not in response.text
        assert (await gateway.http.get("/healthz")).status_code == 200
        assert PACKAGE in error_of(await gateway.http.get("/readyz"))["message"]
        await service.start()
        deadline = time.monotonic() + 3
        while (await gateway.http.get("/v1/echo")).status_code != 200:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        assert (await gateway.http.get("/readyz")).json() == {
            "status": "SERVING",
            "upstreams": [PACKAGE],
        }
        await service.stop()


async def test_an_upstream_without_an_address_is_503(contracts):
    async with RunningGateway(contracts, {}) as gateway:
        assert (await gateway.http.get("/v1/echo")).status_code == 503
        assert (await gateway.http.get("/readyz")).status_code == 200


async def test_nothing_listens_there():
    for transport in (LEAN, GRPCIO):
        upstream = make_upstream("t", "127.0.0.1:1", transport)
        with pytest.raises(StatusError) as caught:
            await upstream.unary(call("Echo"))
        assert (caught.value.code, caught.value.status.message) == (14, "t is not available.")
        stream = upstream.open(call("Count"))
        with pytest.raises(StatusError) as caught:
            await stream.read()
        assert caught.value.code == 14
        stream.cancel()
        await upstream.close()
