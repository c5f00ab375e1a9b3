import asyncio

import pytest
from libral.metrics.v1 import metrics_pb2

from dashboard.sessions import SignedOutError
from dashboard.streams import Streams

PATH = "/v1/modules:stream"


class Received:
    """Records messages and ends of streams."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue = asyncio.Queue()
        self.ends: asyncio.Queue = asyncio.Queue()

    def on_message(self, name, data) -> None:
        self.messages.put_nowait((name, data))

    def on_end(self, name, status) -> None:
        self.ends.put_nowait((name, status))


async def path() -> str:
    return PATH


def module(name: str) -> metrics_pb2.ListModulesResponse:
    return metrics_pb2.ListModulesResponse(modules=[{"name": name}])


async def test_a_stream_that_ends_is_opened_again(gateway):
    received = Received()

    async def token() -> str:
        return "token"

    streams = Streams(gateway.url, token, {"modules": path}, received.on_message, received.on_end)
    task = asyncio.create_task(streams.run())
    try:
        await gateway.push(PATH, module("modules/a"))
        name, data = await received.messages.get()
        assert (name, data["modules"][0]["name"]) == ("modules", "modules/a")
        assert streams.connected
        await gateway.end(PATH, "UNAVAILABLE")
        assert await received.ends.get() == ("modules", "UNAVAILABLE")
        assert streams.ended == {"modules"}
        await gateway.push(PATH, module("modules/b"))
        _, data = await received.messages.get()
        assert data["modules"][0]["name"] == "modules/b"
        assert streams.ended == set()
    finally:
        task.cancel()


async def test_it_ends_with_the_session(gateway):
    async def token() -> str:
        raise SignedOutError

    received = Received()
    streams = Streams(gateway.url, token, {"modules": path}, received.on_message, received.on_end)
    with pytest.raises(SignedOutError):
        await streams.run()
    assert not streams.connected
