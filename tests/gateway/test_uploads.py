"""Client streams over HTTP: NDJSON, arrays, forms and files, in pieces of any size."""

import asyncio
import contextlib
import hashlib
import json
import random

import pytest

from gateway.bodies import splitters
from gateway.http import messages as http_module
from tests.gateway.conftest import error_of, eventually
from tests.gateway.conftest import violations_of as violations

pytestmark = pytest.mark.asyncio(loop_scope="session")

NDJSON = {"content-type": "application/x-ndjson"}
JSON = {"content-type": "application/json"}
NUMBER = "must be an integer from -2147483648 to 2147483647."


def names_of(response) -> list[str]:
    assert response.status_code == 200, response.text
    return [item["displayName"] for item in response.json()["items"]]


async def pieces(content: bytes, size: int):
    for start in range(0, len(content), size):
        yield content[start : start + size]


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
    (b"[{}", {"body": "is not complete: its array has no end."}),
    (b'["', {"body": "is not complete: its array has no end."}),
    (b"", {"body": "is not complete: its array has no end."}),
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
        splitter, found, place = splitters.Array(), [], 0
        while place < len(whole):
            step = chance.randrange(1, 9)
            found += splitter.feed(whole[place : place + step])
            place += step
        found += splitter.end()
        assert [each.strip() for each in found] == [content] * whole.count(b'{"a"')


async def test_messages_go_on_as_they_arrive(uploading, upstream):
    go = asyncio.Event()

    async def content():
        yield b'{"displayName": "a"}\n{"display'
        await go.wait()
        yield b'Name": "b"}'

    asked = asyncio.create_task(uploading.post("/v1/items", content=content(), headers=NDJSON))
    await eventually(lambda: upstream.taken == 1)
    go.set()
    assert names_of(await asked) == ["a", "b"]


async def test_a_broken_message_in_the_middle_cancels_the_call(uploading, upstream):
    async def content():
        yield b"{}\n" * 3
        await eventually(lambda: upstream.taken == 3)
        yield b"x\n"
        await asyncio.sleep(0.1)

    response = await uploading.post("/v1/items", content=content(), headers=NDJSON)
    assert list(violations(response)) == ["body[3]"]
    await eventually(lambda: upstream.cancelled >= 1)


async def test_a_client_that_leaves_cancels_the_call(uploading, upstream):
    async def content():
        yield b"{}\n"
        await asyncio.sleep(10)

    asked = asyncio.create_task(uploading.post("/v1/items", content=content(), headers=NDJSON))
    await eventually(lambda: upstream.taken == 1)
    asked.cancel()
    await eventually(lambda: upstream.cancelled >= 1)


async def test_an_upstream_may_answer_early(uploading, upstream):
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


async def test_a_slow_upstream_slows_the_client(upload_gateway, upstream):
    """What is between client and upstream is bounded, whatever the client sends."""
    upstream.slow = 2.0
    _, writer = await asyncio.open_connection("127.0.0.1", upload_gateway.port)
    writer.write(b"POST /v1/items HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\n")
    writer.write(b"transfer-encoding: chunked\r\n\r\n")
    line = json.dumps({"displayName": "x" * 60_000}).encode() + b"\n"
    sent = 0
    with contextlib.suppress(TimeoutError):
        while sent < 20 * 1024 * 1024:
            writer.write(b"%x\r\n%b\r\n" % (len(line), line))
            await asyncio.wait_for(writer.drain(), 1.0)
            sent += len(line)
    assert sent < 20 * 1024 * 1024
    upstream.slow = 0.0
    writer.transport.abort()
    await eventually(lambda: upstream.cancelled >= 1, seconds=8)


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


async def test_a_client_that_stalls_is_told(uploading, upstream, monkeypatch):
    monkeypatch.setattr(http_module, "BODY_SECONDS", 0.2)

    async def content():
        yield b"{}\n"
        await asyncio.sleep(1)

    response = await uploading.post("/v1/items", content=content(), headers=NDJSON)
    assert response.status_code == 408
    await eventually(lambda: upstream.cancelled >= 1)


async def test_the_deadline_holds(uploading, upstream):
    upstream.slow = 2.0
    headers = {"grpc-timeout": "300m"}
    response = await uploading.post("/v1/items", content=b"[{}]", headers=headers)
    assert (response.status_code, error_of(response)["status"]) == (504, "DEADLINE_EXCEEDED")


async def test_other_content_types_are_refused(uploading, upstream):
    response = await uploading.post(
        "/v1/items", content=b"", headers={"content-type": "text/plain"}
    )
    assert response.status_code == 415
    kinds = "application/x-ndjson, application/json, multipart/form-data"
    assert response.headers["accept-post"] == kinds


async def test_path_and_query_are_in_the_first_message(uploading, upstream):
    sent = [{"displayName": "a", "parent": "rooms/other"}, {"displayName": "b"}]
    items = (await uploading.post("/v1/rooms/1/items", json=sent)).json()["items"]
    assert [item["parent"] for item in items] == ["rooms/1", ""]
    items = (await uploading.post("/v1/nested?parent=p&tags=t", json=[{"count": 1}, {}])).json()[
        "items"
    ]
    assert [(item["parent"], item["tags"]) for item in items] == [("p", ["t"]), ("", [])]
    assert items[0]["inner"]["count"] == 1


async def test_path_and_query_are_a_message_where_there_is_no_other(uploading, upstream):
    response = await uploading.post("/v1/rooms/1/items", json=[])
    assert [item["parent"] for item in response.json()["items"]] == ["rooms/1"]
    response = await uploading.post("/v1/one/a/b?count=2")
    (item,) = response.json()["items"]
    assert (item["parent"], item["count"]) == ("a/b", 2)


async def test_path_and_query_are_checked(uploading, upstream):
    found = violations(await uploading.post("/v1/items?count=1", json=[]))
    assert found == {"count": "is not taken: the body is the whole request."}
    assert violations(await uploading.post("/v1/one/a?count=x")) == {"count": NUMBER}
    assert upstream.metadata == []


async def test_what_a_oneof_keeps_apart_is_a_message_of_its_own(uploading, upstream):
    data = random.Random(1).randbytes(300_000)
    url = "/v1/files/1:upload?file.title=t"
    response = await uploading.post(
        url, content=pieces(data, 50_000), headers={"content-type": "a/b"}
    )
    stored = response.json()
    assert stored["kinds"] == ["file", "chunk"]
    assert stored["file"] == {"name": "files/1", "title": "t", "copies": 0}
    assert (stored["size"], stored["contentTypes"]) == ("300000", ["a/b"])
    assert stored["digest"] == hashlib.sha256(data).hexdigest()
    assert stored["chunks"] > 1


async def test_any_body_is_a_file(uploading, upstream):
    response = await uploading.post(
        "/v1/raw:upload", content=b'{"a": 1}', headers={"content-type": "application/json"}
    )
    assert response.json()["contentTypes"] == ["application/json"]
    empty = await uploading.post("/v1/raw:upload", content=b"", headers={"content-type": "a/b"})
    assert (empty.json()["chunks"], empty.json()["contentTypes"]) == (1, ["a/b"])


async def test_bidirectional(uploading, upstream):
    lines = b'{"displayName": "a"}\n{"displayName": "b"}\n'
    response = await uploading.post("/v1/chat", content=lines, headers=NDJSON)
    assert response.headers["grpc-metadata-tenant"] == "a"
    found = [json.loads(line) for line in response.text.splitlines()]
    assert [item.get("displayName") for item in found] == ["a", "b", None]
    assert found[2]["status"]["status"] == "OK"


async def test_bidirectional_at_once(upload_gateway, upstream):
    """Each message is answered before the next is sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", upload_gateway.port)
    writer.write(b"POST /v1/chat HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\n")
    writer.write(b"accept: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
    for name in ("one", "two", "three"):
        line = json.dumps({"displayName": name}).encode() + b"\n"
        writer.write(b"%x\r\n%b\r\n" % (len(line), line))
        assert name.encode() in await asyncio.wait_for(reader.readuntil(f'"{name}"'.encode()), 5)
    writer.write(b"0\r\n\r\n")
    await asyncio.wait_for(reader.readuntil(b'"status":"OK"'), 5)
    writer.close()


async def test_bidirectional_errors(uploading, upstream):
    response = await uploading.post("/v1/chat", content=b"x\n", headers=NDJSON)
    assert list(violations(response)) == ["body[0]"]
    content = b'{"displayName": "a"}\n{"displayName": "refuse"}\n{}'
    response = await uploading.post("/v1/chat", content=content, headers=NDJSON)
    last = json.loads(response.text.splitlines()[-1])
    assert last["status"]["status"] == "FAILED_PRECONDITION"

    async def late():
        yield b'{"displayName": "a"}\n'
        await asyncio.sleep(0.5)
        yield b"x\n"

    response = await uploading.post("/v1/chat", content=late(), headers=NDJSON)
    last = json.loads(response.text.splitlines()[-1])
    assert last["status"]["message"].startswith("body[1]: is no JSON")


async def test_an_upstream_may_end_a_chat(uploading, upstream):
    content = b'{"displayName": "a"}\n{"displayName": "end"}\n{"displayName": "c"}\n'
    response = await uploading.post("/v1/chat", content=content, headers=NDJSON)
    assert len(response.text.splitlines()) == 2
