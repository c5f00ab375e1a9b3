"""NDJSON and JSON arrays, split into messages as they arrive."""

import json
import random

import pytest

from gateway.bodies import splitters
from gateway.http import messages as http_module
from tests.gateway.conftest import error_of
from tests.gateway.conftest import violations_of as violations
from tests.gateway.uploading import names_of, pieces

pytestmark = pytest.mark.asyncio(loop_scope="session")


NDJSON = {"content-type": "application/x-ndjson"}


JSON = {"content-type": "application/json"}


NUMBER = "must be an integer from -2147483648 to 2147483647."


TEXTS = ["a", "", 'q"uo\\te', "日本", "[{,}]", "\\", "😀"]


ITEMS = [{"displayName": text, "tags": TEXTS[:2]} for text in TEXTS]


ARRAY = json.dumps(ITEMS, indent=1).encode()


LINES = b"\r\n\n".join(json.dumps(item).encode() for item in ITEMS)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 10_000])
@pytest.mark.parametrize(("content", "headers"), [(ARRAY, JSON), (ARRAY, {}), (LINES, NDJSON)])
async def test_json_in_pieces(uploading, upstream, content, headers, size):
    response = await uploading.post("/v1/items", content=pieces(content, size), headers=headers)
    assert names_of(response) == TEXTS


@pytest.mark.parametrize("content", [b"[]", b" [ \n] ", b"[{}]", b"[{},{}]"])
async def test_counts_messages(uploading, upstream, content):
    response = await uploading.post("/v1/items", content=content)
    assert len(response.json()["items"]) == content.count(b"{")


async def test_an_empty_line_body_is_no_message(uploading, upstream):
    assert names_of(await uploading.post("/v1/items", content=b"", headers=NDJSON)) == []


BROKEN = [
    (b'[{"count": "x"}]', {"body[0].count": NUMBER}),
    (b'[{}, {}, {"inner": {"count": 1.5}}]', {"body[2].inner.count": NUMBER}),
    (b'[{"nope": 1, "count": 1.5}]', {"body[0].nope": None, "body[0].count": NUMBER}),
    (b"[{}, 1]", {"body[1]": "must be a JSON object."}),
    (b"[{}, null]", {"body[1]": "must be a JSON object."}),
    (b"[{}, [{}]]", {"body[1]": "must be a JSON object."}),
    (b"[{},]", {"body[1]": None}),
    (b"[,{}]", {"body[0]": None}),
    (b"[{}{}]", {"body[0]": None}),
    (b"[{}", {"body": "is incomplete: the array is not closed."}),
    (b'["', {"body": "is incomplete: the array is not closed."}),
    (b"", {"body": "is incomplete: the array is not closed."}),
    (b"[{}]]", {"body": "must be one JSON array of messages."}),
    (b"[{}] []", {"body": "must be one JSON array of messages."}),
    (b"[{}] x", {"body": "must be one JSON array of messages."}),
    (b"[}", {"body": "must be one JSON array of messages."}),
    (b"{}", {"body": "must be one JSON array of messages."}),
    (b'"[]"', {"body": "must be one JSON array of messages."}),
    (b"x[]", {"body": "must be one JSON array of messages."}),
    (b",", {"body": "must be one JSON array of messages."}),
]


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize(("content", "expected"), BROKEN)
async def test_names_the_message_that_is_broken(uploading, upstream, content, expected, size):
    found = violations(await uploading.post("/v1/items", content=pieces(content, size)))
    assert found.keys() == expected.keys()
    assert all(found[name] == text for name, text in expected.items() if text)


async def test_names_the_line_that_is_broken(uploading, upstream):
    content = b'{}\n{"count": 1}\n{"count": {}}\n{}'
    found = violations(await uploading.post("/v1/items", content=content, headers=NDJSON))
    assert found == {"body[2].count": NUMBER}


async def test_splits_random_arrays_as_they_were_joined():
    chance = random.Random(5)
    for _ in range(500):
        values = [chance.choice([*TEXTS, 1, None, [], {}, [["]"]]]) for _ in range(5)]
        content = json.dumps({"a": values}).encode()
        whole = b"[" + b" , ".join([content] * chance.randrange(4)) + b"]"
        splitter, found, place = splitters.ArraySplitter(), [], 0
        while place < len(whole):
            step = chance.randrange(1, 9)
            found += splitter.feed(whole[place : place + step])
            place += step
        found += splitter.end()
        assert [each.strip() for each in found] == [content] * whole.count(b'{"a"')


async def test_bounds(uploading, upstream, monkeypatch):
    long = json.dumps([{}, {"displayName": "x" * splitters.MESSAGE_BYTES_MAX}]).encode()
    found = violations(await uploading.post("/v1/items", content=long))
    assert found == {"body[1]": "is longer than 1048576 bytes."}
    line = b"{}\n" + b" " * (splitters.MESSAGE_BYTES_MAX + 1)
    found = violations(await uploading.post("/v1/items", content=line, headers=NDJSON))
    assert found == {"body[1]": "is longer than 1048576 bytes."}
    monkeypatch.setattr(http_module, "UPLOAD_BYTES_MAX", 1000)
    for content in (b"{}\n" * 400, pieces(b"{}\n" * 400, 100)):
        response = await uploading.post("/v1/items", content=content, headers=NDJSON)
        assert response.status_code == 413
        assert error_of(response)["message"] == "The body is longer than 1000 bytes."
