"""Calls on one socket: independent, cancelled with it, and bounded."""

import pytest

from tests.gateway.conftest import eventually
from tests.gateway.sockets import call, open_socket, receive_json, send_json

pytestmark = pytest.mark.asyncio(loop_scope="session")

SERVICE = "chat.v1.ChatService"


async def test_calls_do_not_wait_for_each_other(talk, chat):
    async with open_socket(talk) as socket:
        for name in "abc":
            await call(socket, name, "Chat")
        for name in "cab":
            await send_json(socket, type="message", id=name, data={"text": name})
            received = await receive_json(socket)
            assert (received["id"], received["data"]["text"]) == (name, name.upper())


async def test_an_upstream_that_takes_nothing_costs_its_call_alone(talk, chat):
    chat.taking.clear()
    async with open_socket(talk) as socket:
        await call(socket, "a", "Chat")
        await call(socket, "b", "Say")
        text = "x" * 500_000
        for _ in range(100):
            await send_json(socket, type="message", id="a", data={"text": text})
        ends = {}
        while len(ends) < 2:
            received = await receive_json(socket)
            if received["type"] == "end":
                ends[received["id"]] = received["status"]["status"]
        assert ends == {"a": "RESOURCE_EXHAUSTED", "b": "OK"}
    chat.taking.set()


async def test_an_error_has_details_and_trailers(talk, chat):
    async with open_socket(talk) as socket:
        await call(socket, "a", "Chat", data={"code": 9, "text": "not now"})
        received = await receive_json(socket)
        assert received["status"] | {"details": []} == {
            "code": 400,
            "status": "FAILED_PRECONDITION",
            "message": "not now",
            "details": [],
        }
        assert received["trailers"] == {"x-cost": "9"}


async def test_a_socket_that_closes_cancels(talk, chat):
    async with open_socket(talk) as socket:
        await call(socket, "a", "Chat", data={"text": "x"})
        await receive_json(socket)
    await eventually(lambda: chat.open == 0)
