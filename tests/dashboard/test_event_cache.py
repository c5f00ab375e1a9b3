import asyncio

from libral.events.v1 import events_pb2

from tests.fakes import gateway as fake
from tests.waiting import until

STREAM = "/v1/events:stream"


def event(position: int) -> events_pb2.Event:
    return events_pb2.Event(id=f"e-{position}", position=position, type="a.b")


async def sign_in(gateway, dashboard, role: str):
    gateway.replies[fake.LOGIN] = fake.token_pair([role])
    return await dashboard.sessions.sign_in("hanako", "secret")


async def test_events_come_once_and_in_order(gateway, dashboard):
    listed = events_pb2.ListEventsResponse(events=[event(5), event(4)])
    gateway.replies["/v1/events"] = listed
    cache = dashboard.connections.event_cache
    session = await sign_in(gateway, dashboard, "VIEWER")
    arrived: asyncio.Queue = asyncio.Queue()

    def take(events) -> None:
        for one in events:
            arrived.put_nowait(one.position)

    end = cache.listen(session, take)
    await cache.wait_until_loaded(5)
    assert cache.head == 5
    for position in (5, 6, 7):
        await gateway.push(STREAM, event(position))
    async with asyncio.timeout(5):
        assert [await arrived.get() for _ in range(4)] == [4, 5, 6, 7]
    assert [one.position for one in cache.events] == [7, 6, 5, 4]
    assert ("WS", f"{STREAM}?after=5", {}) in gateway.requests
    await until(lambda: cache.connected)
    await gateway.end(STREAM, "UNAVAILABLE")
    await gateway.push(STREAM, event(8))
    async with asyncio.timeout(5):
        assert await arrived.get() == 8
    assert ("WS", f"{STREAM}?after=7", {}) in gateway.requests
    end()


async def test_a_session_without_a_role_that_may_read_gets_no_event(gateway, dashboard):
    gateway.replies["/v1/events"] = events_pb2.ListEventsResponse(events=[event(1)])
    cache = dashboard.connections.event_cache
    reader, other = [await sign_in(gateway, dashboard, role) for role in ("OPERATOR", "USER")]
    seen: dict[str, list] = {"reader": [], "other": []}
    cache.listen(other, seen["other"].extend)
    cache.listen(reader, seen["reader"].extend)
    await until(lambda: seen["reader"])
    assert seen["other"] == []
