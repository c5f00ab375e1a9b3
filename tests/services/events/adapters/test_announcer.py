import asyncio

import pytest
from redis.exceptions import RedisError

from services.events.adapters.announcer import Announcer

NOWHERE = "redis://127.0.0.1:9/0"


async def test_positions_reach_the_other_processes(redis_url):
    first, second = Announcer(redis_url), Announcer(redis_url)
    positions = second.positions()
    receiving = asyncio.ensure_future(anext(positions))
    async with asyncio.timeout(5):
        while not receiving.done():
            await first.announce(7)
            await asyncio.sleep(0.02)
    assert await receiving == 7
    await positions.aclose()


async def test_without_redis_announcing_does_not_fail_and_listening_does():
    announcer = Announcer(NOWHERE)
    await announcer.announce(7)
    with pytest.raises((RedisError, OSError)):
        await anext(announcer.positions())
