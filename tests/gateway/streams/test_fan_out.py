"""Identical streams share one upstream call without gaps or repeats."""

import asyncio
import contextlib
import json
import socket

import pytest
from websockets.exceptions import ConnectionClosed

from gateway.server.protocols import ClosableWebSocket
from gateway.streams import fan_out as broadcast
from tests.gateway.chat import know
from tests.gateway.conftest import eventually, read_events
from tests.gateway.sockets import open_socket, receive_json, send_json

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def watch(socket, path="/v1/log:watch?after=0", name="a"):
    await send_json(socket, type="subscribe", id=name, path=path)


async def numbers(socket, count):
    return [int((await receive_json(socket))["cursor"]) for _ in range(count)]


@contextlib.asynccontextmanager
async def sockets(talk, count):
    async with contextlib.AsyncExitStack() as stack:
        yield [await stack.enter_async_context(open_socket(talk)) for _ in range(count)]


async def test_readers_of_one_place_share(talk, chat):
    await chat.append(*"abc")
    async with sockets(talk, 20) as readers:
        for reader in readers:
            await watch(reader)
        for reader in readers:
            assert await numbers(reader, 3) == [1, 2, 3]
        await chat.append("d")
        for reader in readers:
            assert await numbers(reader, 1) == [4]
        assert (chat.opened, chat.open) == (["watch"], 1)
    await eventually(lambda: chat.open == 0)


async def test_readers_of_other_places_join_where_they_are(talk, chat):
    await chat.append(*"abcdef")
    async with sockets(talk, 4) as readers:
        for reader, after in zip(readers, (2, 4, 6, 3), strict=True):
            await watch(reader, f"/v1/log:watch?after={after}")
            if after < 6:
                assert await numbers(reader, 6 - after) == list(range(after + 1, 7))
        await chat.append("g")
        for reader in readers:
            assert await numbers(reader, 1) == [7]
        assert chat.opened == ["watch"]


async def test_a_reader_at_an_earlier_cursor_gets_a_separate_call(talk, chat):
    await chat.append(*"abcdef")
    async with sockets(talk, 2) as (late, early):
        await watch(late, "/v1/log:watch?after=4")
        assert await numbers(late, 2) == [5, 6]
        await watch(early, "/v1/log:watch?after=1")
        assert await numbers(early, 5) == [2, 3, 4, 5, 6]
        assert chat.opened == ["watch", "watch"]


async def test_a_reader_that_joins_ahead_gets_no_repeats(talk, chat):
    """The joined call has not reached the reader's cursor yet."""
    await chat.append(*"abcdef")
    async with sockets(talk, 1) as [reader]:
        await watch(reader, "/v1/log:watch?after=1", "behind")
        await watch(reader, "/v1/log:watch?after=4", "ahead")
        received = [await receive_json(reader) for _ in range(7)]
        await chat.append("g")
        received += [await receive_json(reader) for _ in range(2)]
        received = {
            name: [int(each["cursor"]) for each in received if each["id"] == name]
            for name in ("behind", "ahead")
        }
        assert received == {"behind": [2, 3, 4, 5, 6, 7], "ahead": [5, 6, 7]}
        assert chat.opened == ["watch"]


async def test_a_live_reader_gets_no_older_items(talk, chat):
    await chat.append(*"abc")
    async with sockets(talk, 3) as (first, second, resumed):
        await watch(first, "/v1/log:watch?after=-1")
        await eventually(lambda: chat.open == 1)
        await asyncio.sleep(0.1)
        await chat.append("d")
        assert await numbers(first, 1) == [4]
        await watch(second, "/v1/log:watch?after=-1")
        await send_json(second, type="ping")
        assert (await receive_json(second))["type"] == "pong"
        await chat.append("e")
        assert await numbers(first, 1) == await numbers(second, 1) == [5]
        assert chat.opened == ["watch"]
        await watch(resumed, "/v1/log:watch?after=4")
        assert await numbers(resumed, 1) == [5]


async def test_what_is_no_longer_kept_is_asked_of_the_upstream(talk, chat, monkeypatch):
    monkeypatch.setattr(broadcast, "KEPT_BYTES_MAX", 1000)
    await chat.append(*(["x" * 100] * 100))
    async with sockets(talk, 3) as (first, old, new):
        await watch(first)
        assert await numbers(first, 100) == list(range(1, 101))
        await watch(old, "/v1/log:watch?after=5")
        assert await numbers(old, 95) == list(range(6, 101))
        assert chat.opened == ["watch", "watch"]
        await watch(new, "/v1/log:watch?after=95")
        assert await numbers(new, 5) == list(range(96, 101))
        assert chat.opened == ["watch", "watch"]


async def test_other_filters_callers_and_metadata_share_nothing(talk, chat):
    await chat.append("a")
    one, other = (know(talk, f"users/{number}") for number in (1, 2))
    word = {"grpc-metadata-x-word": "yes"}
    async with (
        open_socket(talk) as first,
        open_socket(talk) as filtered,
        open_socket(talk, additional_headers=word) as received,
        open_socket(talk, additional_headers=one) as of_one,
        open_socket(talk, additional_headers=other) as of_other,
        open_socket(talk, additional_headers=one) as of_one_again,
    ):
        for reader, path in (
            (first, "/v1/log:watch"),
            (filtered, "/v1/log:watch?filter=x"),
            (received, "/v1/log:watch"),
            (of_one, "/v1/log:watch"),
            (of_other, "/v1/log:watch"),
            (of_one_again, "/v1/log:watch"),
        ):
            await watch(reader, path)
            assert await numbers(reader, 1) == [1]
        assert chat.opened == ["watch"] * 5


async def test_a_whole_state_stream_is_joined_at_its_newest_item(talk, chat):
    async with sockets(talk, 2) as (first, second):
        await watch(first, "/v1/state:watch")
        assert (await receive_json(first))["data"]["text"] == "0 lines"
        await chat.append("a")
        assert (await receive_json(first))["data"]["text"] == "1 lines"
        await watch(second, "/v1/state:watch")
        assert (await receive_json(second))["data"]["text"] == "1 lines"
        assert chat.opened == ["state"]


async def test_a_stream_that_cannot_be_joined_is_shared_from_its_start_alone(talk, chat):
    async with sockets(talk, 3) as (first, second, late):
        await watch(first, "/v1/plain:watch")
        await watch(second, "/v1/plain:watch")
        await eventually(lambda: chat.open == 1)
        await chat.append("a")
        for reader in (first, second):
            assert (await receive_json(reader))["data"]["text"] == "a"
        await watch(late, "/v1/plain:watch")
        assert (await receive_json(late))["data"]["text"] == "a"
        assert chat.opened == ["watch", "watch"]


async def test_events_over_http_share_with_sockets(talk, chat):
    await chat.append(*"abc")
    accept = {"accept": "text/event-stream"}
    async with open_socket(talk) as socket:
        await watch(socket)
        assert await numbers(socket, 3) == [1, 2, 3]
        async with talk.http.stream("GET", "/v1/log:watch", headers=accept) as response:
            found = await read_events(response, 3)
        assert [json.loads(event["data"])["number"] for event in found] == ["1", "2", "3"]
        assert chat.opened == ["watch"]
        await chat.append("d")
        assert await numbers(socket, 1) == [4]


async def test_each_reader_has_its_own_deadline(talk, chat):
    await chat.append("a")
    async with (
        open_socket(talk, additional_headers={"grpc-timeout": "300m"}) as short,
        open_socket(talk) as long,
    ):
        await watch(short)
        await watch(long)
        assert await numbers(short, 1) == await numbers(long, 1) == [1]
        assert (await receive_json(short))["status"]["status"] == "DEADLINE_EXCEEDED"
        await chat.append("b")
        assert await numbers(long, 1) == [2]
        assert chat.opened == ["watch"]


async def test_a_slow_reader_is_ended_and_others_are_not_held_up(talk, chat, monkeypatch):
    """It costs only the shared buffer and its connection's buffers."""
    monkeypatch.setattr(broadcast, "LEAD_BYTES_MAX", 1)
    async with sockets(talk, 1) as (quick,), open_socket(talk, max_queue=1) as slow:
        await watch(slow)
        await watch(quick)
        text = "x" * 20_000
        for number in range(1, 301):
            await chat.append(text)
            assert await numbers(quick, 1) == [number]
        await eventually(lambda: max(map(cost, connections(talk))) > len(text))
        assert max(map(cost, connections(talk))) <= 256 * 1024
        with pytest.raises(ConnectionClosed) as caught:
            await asyncio.wait_for(read_to_the_end(slow), 5)
        assert caught.value.rcvd.code == 4008
        assert chat.opened == ["watch"]


async def read_to_the_end(socket):
    async for _ in socket:
        pass


def connections(talk):
    known = talk.server.server_state.connections
    return [each for each in known if isinstance(each, ClosableWebSocket)]


def cost(connection):
    """Return the bytes buffered for a client that does not read, including the kernel's."""
    kernel = connection.transport.get_extra_info("socket").getsockopt(
        socket.SOL_SOCKET, socket.SO_SNDBUF
    )
    return connection.transport.get_write_buffer_size() + kernel


async def test_a_lone_reader_is_waited_for(talk, chat):
    """A single slow reader delays no other, so it gets every item."""
    text = "x" * 20_000
    await chat.append(*([text] * 400))
    async with open_socket(talk, max_queue=1) as slow:
        await watch(slow)
        await asyncio.sleep(1)
        assert await numbers(slow, 400) == list(range(1, 401))


@pytest.mark.parametrize("end", ["torn", "torn details"])
async def test_the_end_of_the_upstream_ends_all_readers_after_its_items(talk, chat, end):
    async with sockets(talk, 2) as readers:
        for reader in readers:
            await watch(reader)
        await eventually(lambda: chat.open == 1)
        await chat.append("a", end)
        for reader in readers:
            assert await numbers(reader, 1) == [1]
            assert (await receive_json(reader))["status"]["status"] == "DATA_LOSS"
        await watch(readers[0], "/v1/log:watch?after=2")
        await chat.append("b")
        assert await numbers(readers[0], 1) == [3]
