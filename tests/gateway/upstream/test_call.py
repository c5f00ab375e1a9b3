"""Both transports against real servers on both engines: equal calls, equal responses."""

import asyncio

import pytest

from gateway.http.errors import StatusError
from tests.gateway.upstream.servers import call

MEBIBYTE = 1024 * 1024


async def read_all(stream) -> list[bytes]:
    found = []
    while (message := await stream.read()) is not None:
        found.append(message)
    return found


async def test_unary_with_metadata_both_ways(upstream, server):
    metadata = [("x-text", "a, b"), ("x-data-bin", b"\x00\x01\xff"), ("authorization", "Bearer t")]
    reply = await upstream.unary(call("Echo", b"\x01\x02", 3.0, metadata=metadata))
    assert reply.content == b"\x01\x02"
    assert server.metadata.items() >= dict(metadata).items()
    assert 2.0 < server.remaining < 3.1
    assert dict(reply.headers).items() >= {"x-first": "1", "x-first-bin": b"\x00\xff"}.items()
    assert dict(reply.trailers).items() >= {"x-last": "2", "x-last-bin": b"\xfe"}.items()


@pytest.mark.parametrize("size", [0, 1, 16_379, 16_384, 65_535, 300_000, 4 * MEBIBYTE - 100])
async def test_messages_of_every_size(upstream, size):
    content = bytes(range(256)) * (size // 256 + 1)
    assert (await upstream.unary(call("Echo", content[:size]))).content == content[:size]


@pytest.mark.parametrize("request_", [b"plain", b"details"])
async def test_errors_arrive_whole(upstream, request_):
    with pytest.raises(StatusError) as caught:
        await upstream.unary(call("Fail", request_))
    error = caught.value
    assert (error.code, error.status.message) == (9, "日本 100%")
    assert dict(error.trailers)["x-why"] == "so"
    assert [each.value for each in error.status.details] == (
        [b"\x01"] if request_ == b"details" else []
    )


async def test_an_unknown_method(upstream):
    with pytest.raises(StatusError) as caught:
        await upstream.unary(call("Nope"))
    assert caught.value.code == 12


async def test_a_cancelled_caller_cancels_the_call(upstream, server):
    task = asyncio.create_task(upstream.unary(call("Wait")))
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(server.cancelled.wait(), 2)


async def test_many_calls_at_once(upstream):
    replies = await asyncio.gather(*(upstream.unary(call("Echo", b"%d" % n)) for n in range(500)))
    assert [int(reply.content) for reply in replies] == list(range(500))


async def test_a_server_stream(upstream):
    stream = upstream.open(call("Count", b"1000"))
    assert await read_all(stream) == [b"%d" % number for number in range(1000)]
    assert dict(stream.trailers())["x-last"] == "end"
    stream.cancel()


async def test_a_stream_that_is_cancelled(upstream, server):
    stream = upstream.open(call("Hang"))
    assert await stream.read() == b"first"
    reading = asyncio.create_task(stream.read())
    await asyncio.sleep(0.1)
    stream.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await asyncio.wait_for(server.cancelled.wait(), 2)


async def test_a_stream_has_a_deadline(upstream):
    stream = upstream.open(call("Hang", seconds=0.3))
    assert await stream.read() == b"first"
    with pytest.raises(StatusError) as caught:
        await stream.read()
    assert caught.value.code == 4
    stream.cancel()


async def test_client_and_bidi_streams(upstream, server):
    if server.engine == "native":
        with pytest.raises(StatusError):
            await upstream.unary(call("Sum"))
        return
    stream = upstream.open(call("Sum", None))
    for number in range(100):
        await stream.send(b"%d" % number)
    await stream.half_close()
    assert await read_all(stream) == [b"4950"]
    stream.cancel()
    chat = upstream.open(call("Chat", None))
    for word in (b"a", b"b"):
        await chat.send(word)
        assert await chat.read() == word.upper()
    await chat.half_close()
    assert await chat.read() is None
    chat.cancel()
