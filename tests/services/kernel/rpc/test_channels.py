"""Streams from a service that stops responding while its connections stay open."""

import asyncio

import pytest
from libral.events.v1 import events_pb2, events_pb2_grpc

from services.events.__main__ import build
from services.kernel.rpc.channels import ServiceChannels
from services.kernel.rpc.tokens import ServiceTokens
from tests.services.helpers import refused
from tests.services.proxies import proxy_to

SILENT_SECONDS = 8


@pytest.fixture
async def events(mesh, redis_url):
    return await mesh.start("events", build, {"REDIS_URL": redis_url})


async def follow(mesh, port: int):
    """Return an idle stream, opened after a call on the same channel."""
    channels = ServiceChannels(ServiceTokens("test", mesh.key))
    mesh.stack.push_async_callback(channels.close)
    stub = events_pb2_grpc.EventServiceStub(channels.get_channel(f"127.0.0.1:{port}"))
    await stub.GetEventStats(events_pb2.GetEventStatsRequest())
    return stub.StreamEvents(events_pb2.StreamEventsRequest())


async def test_a_stream_from_a_frozen_service_ends(mesh, events):
    async with proxy_to(events.port) as (proxy, port):
        call = await follow(mesh, port)
        reading = asyncio.ensure_future(call.read())
        await asyncio.sleep(0.5)
        proxy.freeze()
        async with asyncio.timeout(SILENT_SECONDS):
            with refused("UNAVAILABLE"):
                await reading


async def test_an_idle_stream_stays_open(mesh, events):
    """The server accepts keepalive pings and does not close the connection."""
    call = await follow(mesh, events.port)
    reading = asyncio.ensure_future(call.read())
    done, _ = await asyncio.wait([reading], timeout=2 * SILENT_SECONDS)
    assert not done
    call.cancel()
