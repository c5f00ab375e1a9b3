"""Metadata of the upstream as headers of the response."""

import asyncio
import json

import httpx
import pytest

from gateway.http.metadata import BYTES_MAX
from tests.gateway.conftest import error_of, read_events

pytestmark = pytest.mark.asyncio(loop_scope="session")


def metadata_of(response: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name.startswith("grpc-")}


INITIAL = {"grpc-metadata-tenant": "a, b", "grpc-metadata-blob-bin": "AP8="}


TRAILERS = {"grpc-trailer-last": "z", "grpc-trailer-last-bin": "AQ=="}


async def test_a_response_has_metadata_and_trailers(uploading, upstream):
    response = await uploading.get("/v1/describe")
    assert metadata_of(response) == INITIAL | TRAILERS
    assert response.headers["x-request-id"] != "another"


async def test_an_error_has_them_too(uploading, upstream):
    response = await uploading.get("/v1/describe?fail=true")
    assert error_of(response)["status"] == "NOT_FOUND"
    assert metadata_of(response) == INITIAL | TRAILERS


async def test_so_has_what_was_not_sent_again(uploading, upstream):
    tag = (await uploading.get("/v1/describe")).headers["etag"]
    response = await uploading.get("/v1/describe", headers={"if-none-match": tag})
    assert (response.status_code, metadata_of(response)) == (304, INITIAL | TRAILERS)


async def test_shared_responses_have_all_metadata(uploading, upstream):
    responses = await asyncio.gather(*(uploading.get("/v1/describe?size=1") for _ in range(20)))
    assert {response.headers["grpc-metadata-large"] for response in responses} == {"x"}
    assert {response.headers["grpc-trailer-last"] for response in responses} == {"z"}
    assert len(upstream.metadata) < 20


async def test_what_is_too_long_is_left_out(uploading, upstream):
    response = await uploading.get(f"/v1/describe?size={BYTES_MAX}")
    assert response.status_code == 200
    assert metadata_of(response) == INITIAL


async def test_a_client_stream_response_has_metadata(uploading, upstream):
    assert metadata_of(await uploading.post("/v1/items", json=[])) == {"grpc-trailer-last": "1"}


async def test_scripts_of_other_origins_may_read_them(uploading, upstream):
    for url in ("/v1/describe", "/v1/describe:stream"):
        response = await uploading.get(url, headers={"origin": "https://a.example"})
        assert "*" in response.headers["access-control-expose-headers"].split(", ")


async def test_a_stream_begins_and_ends_with_them(uploading, upstream):
    response = await uploading.get("/v1/describe:stream")
    assert metadata_of(response) == INITIAL
    status = json.loads(response.text.splitlines()[-1])["status"]
    assert (status["code"], status["trailers"]) == (0, {"last": "z,y", "last-bin": "AQ=="})
    url, accept = "/v1/describe:stream?fail=true", {"accept": "text/event-stream"}
    async with uploading.stream("GET", url, headers=accept) as response:
        events = await read_events(response)
    status = json.loads(events[-1]["data"])
    assert (status["status"], status["trailers"]["last"]) == ("NOT_FOUND", "z,y")
