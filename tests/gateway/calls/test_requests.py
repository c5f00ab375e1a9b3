"""The metadata and the deadline of a call."""

import base64

import pytest

from tests.gateway.conftest import violations_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def test_chooses_the_metadata_of_the_service(http, echo):
    sent = {
        "traceparent": PARENT,
        "accept-language": "ja",
        "x-libral-role": "ADMIN",
        "x-secret-token": "s",
        "grpc-metadata-tenant": "t",
        "grpc-metadata-blob-bin": base64.b64encode(b"\x00\x01").decode(),
        "grpc-metadata-authorization": "Bearer forged",
        "grpc-metadata-x-libral-role": "ADMIN",
        "grpc-metadata-grpc-timeout": "1n",
        "grpc-metadata-traceparent": "forged",
        "x-forwarded-for": "6.6.6.6",
        "cookie": "a=b",
    }
    assert (await http.get("/v1/headers", headers=sent)).status_code == 200
    seen = echo.metadata[0]
    assert seen["traceparent"] == PARENT
    assert seen["accept-language"] == "ja"
    assert seen["x-secret-token"] == "s"
    assert seen["tenant"] == "t"
    assert seen["blob-bin"] == b"\x00\x01"
    assert seen["x-forwarded-for"] == "127.0.0.1"
    assert not seen.keys() & {"authorization", "x-libral-role", "cookie", "grpc-timeout"}
    assert (await http.get("/v1/echo", headers=sent)).status_code == 200
    assert "x-secret-token" not in echo.metadata[1]


async def test_refuses_broken_binary_metadata(http):
    response = await http.get("/v1/echo", headers={"grpc-metadata-x-bin": "a"})
    assert violations_of(response) == {"grpc-metadata-x-bin": "must be base64."}


async def test_the_deadline_reaches_the_service(http, echo):
    await http.get("/v1/echo")
    await http.get("/v1/echo", headers={"grpc-timeout": "2S"})
    await http.get("/v1/echo", headers={"x-request-timeout": "1.5"})
    await http.get("/v1/echo", headers={"grpc-timeout": "9H"})
    assert [round(seconds * 2) / 2 for seconds in echo.remaining] == [5.0, 2.0, 1.5, 60.0]


@pytest.mark.parametrize("value", ["5", "S", "-1S", "0S", "123456789S", "5s"])
async def test_refuses_broken_timeouts(http, value):
    assert "grpc-timeout" in violations_of(
        await http.get("/v1/echo", headers={"grpc-timeout": value})
    )


@pytest.mark.parametrize("value", ["", "x", "0", "-1", "nan", "inf"])
async def test_refuses_broken_request_timeouts(http, value):
    response = await http.get("/v1/echo", headers={"x-request-timeout": value})
    assert "x-request-timeout" in violations_of(response)
