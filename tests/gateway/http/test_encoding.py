"""Compressed and conditional responses."""

import gzip

import brotli
import pytest
import zstandard

from gateway.http.encoding import choose_encoding

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
    assert choose_encoding(accepted) == chosen


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("gzip", gzip.decompress),
        ("br", brotli.decompress),
        ("zstd", lambda content: zstandard.ZstdDecompressor().decompress(content)),
    ],
)
async def test_compresses_long_responses(http, echo, name, read):
    headers = {"accept-encoding": name, "content-type": "application/json"}
    body = ('{"text": "' + LONG + '"}').encode()
    async with http.stream("POST", "/v1/echo", content=body, headers=headers) as response:
        content = b"".join([chunk async for chunk in response.aiter_raw()])
    assert response.headers["content-encoding"] == name
    assert response.headers["vary"] == "accept-encoding"
    assert int(response.headers["content-length"]) == len(content) < len(body) / 5
    assert LONG in read(content).decode()


async def test_does_not_compress_short_responses(http, echo):
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
