from datetime import timedelta

import pytest

from services.kernel.errors import UnavailableError
from services.metrics.adapters.cache import CacheCollector, create_cache_client


async def test_rates_cover_the_time_since_the_previous_measurement(redis_url, clock):
    client = create_cache_client(redis_url)
    collector = CacheCollector(client, clock)
    first = await collector.measure()
    assert (first.time, first.software, first.keys) == (clock.now(), "valkey", 0)
    assert (first.hit_ratio, first.command_rate) == (None, None)
    await client.set("a", "1")
    for key in ("a", "a", "a", "b"):
        await client.get(key)
    clock.time += timedelta(seconds=2)
    second = await collector.measure()
    await client.aclose()
    assert (second.keys, second.hit_ratio) == (1, 0.75)
    assert second.command_rate >= 2.5
    assert second.clients >= 1


async def test_without_look_ups_there_is_no_ratio(redis_url, clock):
    client = create_cache_client(redis_url)
    collector = CacheCollector(client, clock)
    for _ in range(2):
        figures = await collector.measure()
        clock.time += timedelta(seconds=1)
    await client.aclose()
    assert figures.hit_ratio is None
    assert figures.command_rate > 0


async def test_an_unreachable_cache_is_unavailable(clock):
    client = create_cache_client("redis://:geheim@127.0.0.1:9/0")
    with pytest.raises(UnavailableError) as failure:
        await CacheCollector(client, clock).measure()
    await client.aclose()
    assert failure.value.reason == "CACHE_UNAVAILABLE"
    assert "geheim" not in failure.value.message
