import asyncio

import pytest
from redis.exceptions import RedisError

from services.events.adapters.position_pubsub import PositionPubSub

NOWHERE = "redis://127.0.0.1:9/0"


async def test_positions_reach_the_other_processes(redis_url):
    first, second = PositionPubSub(redis_url), PositionPubSub(redis_url)
    positions = second.subscribe()
    receiving = asyncio.ensure_future(anext(positions))
    async with asyncio.timeout(5):
        while not receiving.done():
            await first.publish(7)
            await asyncio.sleep(0.02)
    assert await receiving == 7
    await positions.aclose()


async def test_without_redis_publish_is_ignored_and_subscribe_raises():
    pubsub = PositionPubSub(NOWHERE)
    await pubsub.publish(7)
    with pytest.raises((RedisError, OSError)):
        await anext(pubsub.subscribe())
