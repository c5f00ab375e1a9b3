"""Requests: content types, lengths of bodies, request ids."""

import asyncio
from uuid import RFC_4122, UUID

import pytest

from tests.gateway.conftest import error_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_refuses_other_content_types(http):
    response = await http.post("/v1/echo", content=b"{}", headers={"content-type": "text/plain"})
    assert response.status_code == 415
    assert error_of(response)["message"] == "content-type: must be application/json."


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "application/vnd.x+json"])
async def test_takes_json_content_types(http, kind):
    response = await http.post("/v1/echo", content=b"{}", headers={"content-type": kind})
    assert response.status_code == 200


async def test_refuses_a_body_that_is_too_long(http, echo):
    response = await http.post("/v1/echo", content=b" " * (1024 * 1024 + 1))
    assert response.status_code == 413
    assert error_of(response)["message"] == "The body is longer than 1048576 bytes."
    assert echo.requests == []


async def write_for_ever(writer: asyncio.StreamWriter, chunk: bytes) -> None:
    while True:
        writer.write(chunk)
        await writer.drain()


async def test_refuses_an_endless_body_before_its_end(gateway):
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(b"POST /v1/raw HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    for _ in range(20):
        writer.write(chunk)
    assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
    with pytest.raises(ConnectionError):
        await write_for_ever(writer, chunk)


async def test_takes_a_body_of_the_limit(http):
    content = b'{"text":"' + b"x" * (1024 * 1024 - 11) + b'"}'
    assert len(content) == 1024 * 1024
    assert (await http.post("/v1/echo", content=content)).status_code == 200


async def test_every_response_has_a_request_id(http, echo):
    response = await http.get("/v1/echo")
    assert echo.metadata[0]["x-request-id"] == response.headers["x-request-id"]
    made = UUID(response.headers["x-request-id"])
    assert (made.version, made.variant) == (4, RFC_4122)
    known = "0190a4de-7e5b-7000-8000-000000000001"
    response = await http.get("/nope", headers={"x-request-id": known})
    assert response.headers["x-request-id"] == known
    response = await http.get("/nope", headers={"x-request-id": "<script>"})
    assert response.headers["x-request-id"] != "<script>"
