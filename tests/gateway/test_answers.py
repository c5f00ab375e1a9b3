"""Answers over HTTP: compressed, not sent again, shared by identical requests."""

import asyncio
import gzip

import brotli
import httpx
import pytest
import pytest_asyncio
import zstandard

from gateway.codec import Options
from gateway.http.encoding import choose
from tests.gateway.conftest import EchoService, RunningGateway, eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")

LONG = "日本語 " * 1000

CHOICES = [
    ("", None),
    ("gzip", "gzip"),
    ("gzip, br, zstd", "zstd"),
    ("gzip, deflate, br", "br"),
    ("zstd;q=0.5, gzip;q=0.8", "gzip"),
    ("zstd;q=0, br;q=0, gzip", "gzip"),
    ("*", "zstd"),
    ("*;q=0.1, gzip;q=0.2", "gzip"),
    ("*;q=0", None),
    ("identity", None),
    ("identity, gzip;q=0.5", None),
    ("identity;q=0.5, gzip", "gzip"),
    ("GZIP ; q=1.000", "gzip"),
    ("gzip;q=nonsense", None),
    ("deflate", None),
]


@pytest.mark.parametrize(("accepted", "chosen"), CHOICES)
async def test_chooses_an_encoding(accepted, chosen):
    assert choose(accepted) == chosen


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("gzip", gzip.decompress),
        ("br", brotli.decompress),
        ("zstd", lambda content: zstandard.ZstdDecompressor().decompress(content)),
    ],
)
async def test_compresses_long_answers(http, echo, name, read):
    headers = {"accept-encoding": name, "content-type": "application/json"}
    body = ('{"text": "' + LONG + '"}').encode()
    async with http.stream("POST", "/v1/echo", content=body, headers=headers) as response:
        content = b"".join([chunk async for chunk in response.aiter_raw()])
    assert response.headers["content-encoding"] == name
    assert response.headers["vary"] == "accept-encoding"
    assert int(response.headers["content-length"]) == len(content) < len(body) / 5
    assert LONG in read(content).decode()


async def test_leaves_short_answers_as_they_are(http, echo):
    response = await http.get("/v1/echo?text=a", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in response.headers
    assert "vary" not in response.headers


async def test_what_has_not_changed_is_not_sent_again(http, echo):
    first = await http.get("/v1/echo?text=a")
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    for known in (tag, tag.removeprefix("W/"), f'"x", {tag}', "*"):
        again = await http.get("/v1/echo?text=a", headers={"if-none-match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
        assert "content-length" not in again.headers
    changed = await http.get("/v1/echo?text=b", headers={"if-none-match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag
    head = await http.head("/v1/echo?text=a")
    assert head.headers["etag"] == tag


async def test_what_changes_something_has_no_tag(http, echo):
    response = await http.post("/v1/echo", json={"text": "a"})
    assert "etag" not in response.headers
    assert response.headers["cache-control"] == "no-store"


async def test_json_is_as_the_deployment_wants_it(contracts, shared_echo):
    chosen = Options(proto_names=True, defaults=False, enum_numbers=True)
    async with RunningGateway(contracts, shared_echo.targets, json=chosen) as gateway:
        query = "active5mCount=1&color=RED&small=0&item.count=0"
        answer = await gateway.http.get(f"/v1/echo?{query}")
        assert answer.json() == {"active_5m_count": 1, "color": 1, "item": {}}
        lines = (await gateway.http.get("/v1/public:stream?until=1")).text.splitlines()
        assert lines[0] == '{"position":"1"}'
        refused = await gateway.http.get("/v1/echo?nope=1")
        assert "fieldViolations" in refused.json()["error"]["details"][1]
        document = (await gateway.http.get("/openapi.json")).json()["components"]["schemas"]
        assert "active_5m_count" in document["test.v1.Everything"]["properties"]
        assert document["test.v1.Color"]["enum"] == [0, 1, 2]
        core = gateway.core
        assert core.renewed(contracts, core.table, shared_echo.targets).codec.options == chosen


class SlowEcho(EchoService):
    """Waits to be told before it answers."""

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
    answers = await asyncio.gather(*same)
    assert {answer.json()["count"] for answer in answers} == {1}
    assert len({answer.headers["x-request-id"] for answer in answers}) == 50
    assert ((await other).json()["count"], (await third).json()["count"]) == (2, 1)
    assert len(service.requests) == 3


async def test_a_reader_who_leaves_takes_nobody_along(slow):
    service, gateway = slow
    first = asyncio.create_task(gateway.http.get("/v1/items/a"))
    await eventually(lambda: len(service.requests) == 1)
    rest = [asyncio.create_task(gateway.http.get("/v1/items/a")) for _ in range(5)]
    await asyncio.sleep(0.2)
    first.cancel()
    service.go.set()
    assert {answer.status_code for answer in await asyncio.gather(*rest)} == {200}


async def test_an_error_is_shared_too(slow):
    service, gateway = slow
    url = "/v1/items/a"
    timeout = {"x-request-timeout": "0.3"}
    asked = [asyncio.create_task(gateway.http.get(url, headers=timeout)) for _ in range(5)]
    assert {answer.status_code for answer in await asyncio.gather(*asked)} == {504}
    assert len(service.requests) == 1


ARRAYS = [
    ("until=0", b"[]"),
    ("until=2", b'[{"position":"1","text":""},{"position":"2","text":""}]'),
]


@pytest.mark.parametrize(("query", "content"), ARRAYS)
async def test_a_stream_as_an_array(http, echo, query, content):
    response = await http.get(f"/v1/public:stream?{query}", headers={"accept": "application/json"})
    assert (response.status_code, response.content) == (200, content)
    assert response.headers["content-type"] == "application/json"


async def test_an_array_that_broke_is_no_json(http, echo):
    url = "/v1/public:stream?until=1&fail=true"
    response = await http.get(url, headers={"accept": "application/json"})
    start, _, end = response.text.partition(',{"error":')
    assert start == '[{"position":"1","text":""}'
    assert '"status":"DATA_LOSS"' in end
    assert not end.endswith("]")
