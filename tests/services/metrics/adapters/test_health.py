import asyncio
import socket
from datetime import UTC, datetime

import httpx
import pytest
from grpc_health.v1 import health_pb2

from services.metrics.adapters import health as module
from services.metrics.adapters.cache import create_cache_client
from services.metrics.adapters.health import (
    CacheHealth,
    DatabaseHealth,
    GrpcHealth,
    HttpHealth,
    create_http_client,
    find_os_error,
    parse_health_response,
)
from services.metrics.domain.reasons import ReasonCode, StateReason
from tests.services.metrics.helpers import build_nothing

NOWHERE = "127.0.0.1:9"
START = datetime(2026, 1, 1, tzinfo=UTC)


def failure(error: str) -> StateReason:
    return StateReason(ReasonCode.CHECK_FAILED, {"error": error})


@pytest.fixture
async def client():
    async with create_http_client() as client:
        yield client


@pytest.fixture
def health(client, page) -> HttpHealth:
    return HttpHealth(client, page.url)


async def test_a_responding_page_serves(health, page):
    check = await health.check()
    assert (check.serving, check.refused, check.reason) == (True, False, None)
    assert (check.version, check.start_time) == ("1.2", START)
    assert 0 < check.latency_seconds < 1
    assert b"GET /healthz HTTP/1.1" in page.requests[0]
    assert b"Accept: application/json" in page.requests[0]


async def test_each_check_opens_a_connection(health, page):
    for _ in range(3):
        assert (await health.check()).serving
    assert len(page.requests) == 3


async def test_a_bad_status_is_the_reason(health, page):
    page.status = "503 Service Unavailable"
    check = await health.check()
    assert (check.serving, check.refused) == (False, False)
    assert check.reason == StateReason(ReasonCode.CHECK_BAD_STATUS, {"status": "503"})
    assert check.version == "1.2"


async def test_a_redirect_is_not_followed(health, page):
    page.status = f"302 Found\r\nLocation: {page.url}"
    check = await health.check()
    assert check.reason == StateReason(ReasonCode.CHECK_BAD_STATUS, {"status": "302"})
    assert len(page.requests) == 1


async def test_a_page_without_json_serves(health, page):
    page.body = b"fine"
    check = await health.check()
    assert (check.serving, check.version, check.start_time) == (True, "", None)


async def test_a_refused_connection_is_reported(client):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/healthz"
        check = await HttpHealth(client, url).check()
    assert (check.serving, check.refused) == (False, True)
    assert check.reason == failure("ConnectionRefusedError")


async def test_a_page_that_is_slow_fails_in_time(health, page, monkeypatch):
    monkeypatch.setattr(module, "TIMEOUT_SECONDS", 0.05)
    page.seconds = 0.5
    check = await health.check()
    assert check.reason == failure("TimeoutError")
    assert check.latency_seconds < 0.4
    assert not check.refused


async def test_the_response_size_is_limited(health, page):
    page.body = b"x" * (module.RESPONSE_BYTES_MAX + 1)
    assert (await health.check()).reason == failure("ValueError")
    page.body = page.body[1:]
    assert (await health.check()).serving


async def test_a_response_that_is_not_http_fails(client):
    async def respond(_, writer: asyncio.StreamWriter) -> None:
        writer.write(b"no\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(respond, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/healthz"
        check = await HttpHealth(client, url).check()
    assert check.reason == failure("RemoteProtocolError")


async def test_the_proxy_of_the_environment_is_not_used(page, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://{NOWHERE}")
    async with create_http_client() as client:
        assert (await HttpHealth(client, page.url).check()).serving


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ("", None)),
        (b"[1]", ("", None)),
        (b"{}", ("", None)),
        (b'{"version": "1", "startTime": "2026-01-01T00:00:00Z"}', ("1", START)),
    ],
)
def test_a_response_is_parsed(content, expected):
    assert parse_health_response(content) == expected


@pytest.mark.parametrize("content", [b"{", b'{"startTime": "yesterday"}'])
def test_a_malformed_response_is_an_error(content):
    with pytest.raises(ValueError):  # noqa: PT011 - of any kind
        parse_health_response(content)


def test_the_os_error_behind_an_error_is_found():
    refused = ConnectionRefusedError()
    outer, inner = httpx.ConnectError("x"), OSError("all failed")
    outer.__cause__, inner.__cause__ = inner, refused
    assert find_os_error(outer) is refused
    alone = httpx.RemoteProtocolError("x")
    assert find_os_error(alone) is alone


async def test_a_service_is_checked_over_grpc(mesh):
    service = await mesh.start("metrics", build_nothing)
    health = GrpcHealth(f"127.0.0.1:{service.port}")
    assert (await health.check()).serving
    await service._health.set("", health_pb2.HealthCheckResponse.NOT_SERVING)
    check = await health.check()
    assert (check.serving, check.refused) == (False, False)
    assert check.reason == StateReason(ReasonCode.REPORTED_NOT_SERVING)
    await health.close()


async def test_a_stopped_service_is_refused():
    health = GrpcHealth(NOWHERE)
    check = await health.check()
    await health.close()
    assert (check.serving, check.refused, check.reason) == (False, True, failure("UNAVAILABLE"))


async def test_the_database_reports_its_version_and_start(store):
    check = await DatabaseHealth(store.database).check()
    assert check.serving
    assert check.version.startswith("18")
    assert check.start_time < datetime.now(UTC)


async def test_the_cache_reports_its_version(redis_url):
    client = create_cache_client(redis_url)
    check = await CacheHealth(client).check()
    await client.aclose()
    assert check.serving
    assert check.version.split(".")[0].isdigit()


async def test_an_unavailable_cache_fails_without_its_password():
    client = create_cache_client(f"redis://:geheim@{NOWHERE}/0")
    check = await CacheHealth(client).check()
    await client.aclose()
    assert (check.serving, check.refused, check.reason) == (
        False,
        False,
        failure("ConnectionError"),
    )
