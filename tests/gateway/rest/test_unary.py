"""Unary calls over REST."""

import time

import pytest

from tests.gateway.conftest import PACKAGE, error_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_passes_raw_bodies_both_ways(http):
    response = await http.post("/v1/raw", content=b"\x00\xff", headers={"content-type": "image/x"})
    assert response.content == b"\x00\xff"
    assert response.headers["content-type"] == "image/x"


async def test_responds_with_one_field(http):
    assert (await http.get("/v1/part?name=a")).json() == {"name": "a", "count": 0}


async def test_head_is_get_without_a_body(http):
    response = await http.head("/v1/echo?text=a")
    assert response.status_code == 200
    assert response.content == b""
    assert int(response.headers["content-length"]) > 0


async def test_a_slow_service_costs_no_more_than_the_deadline(http):
    started = time.monotonic()
    response = await http.get("/v1/sleep", headers={"grpc-timeout": "200m"})
    assert response.status_code == 504
    assert error_of(response)["message"] == f"{PACKAGE} did not respond in time."
    assert time.monotonic() - started < 1
