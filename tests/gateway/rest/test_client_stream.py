"""Client streams over HTTP: early responses, and the deadline."""

import asyncio

import pytest

from tests.gateway.conftest import error_of
from tests.gateway.uploading import names_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


NDJSON = {"content-type": "application/x-ndjson"}


async def test_an_upstream_may_respond_early(uploading, upstream):
    async def content():
        yield b'{"displayName": "enough"}\n'
        await asyncio.sleep(0.3)
        yield b"{}\n" * 1000

    response = await uploading.post("/v1/items", content=content(), headers=NDJSON)
    assert names_of(response) == ["enough"]


async def test_an_upstream_may_refuse_early(uploading, upstream):
    content = b'[{"displayName": "a"}, {"displayName": "refuse"}, {}, {}]'
    response = await uploading.post("/v1/items", content=content)
    assert error_of(response)["status"] == "FAILED_PRECONDITION"


async def test_the_deadline_holds(uploading, upstream):
    upstream.slow = 2.0
    headers = {"grpc-timeout": "300m"}
    response = await uploading.post("/v1/items", content=b"[{}]", headers=headers)
    assert (response.status_code, error_of(response)["status"]) == (504, "DEADLINE_EXCEEDED")
