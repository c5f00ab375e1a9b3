from pathlib import Path

import pytest

from services.metrics.adapters.cache import CacheCollector, create_cache_client
from services.metrics.adapters.host import HostCollector
from services.metrics.adapters.postgresql import DatabaseCollector
from services.metrics.service.infrastructure import InfrastructureMonitor
from services.metrics.service.latest import LatestValues
from services.metrics.service.recorder import Recorder


@pytest.fixture
def latest(clock) -> LatestValues:
    return LatestValues(clock)


def make_infrastructure(store, clock, latest, cache) -> InfrastructureMonitor:
    return InfrastructureMonitor(
        HostCollector(Path("/"), clock),
        DatabaseCollector(store.database, clock),
        CacheCollector(cache, clock),
        Recorder(store.database, latest),
        latest,
    )


async def test_every_source_is_measured(store, clock, latest, redis_url):
    cache = create_cache_client(redis_url)
    infrastructure = make_infrastructure(store, clock, latest, cache)
    assert infrastructure.database_problem == "It was not measured yet."
    await infrastructure.measure()
    await cache.aclose()
    assert infrastructure.host.memory_total > 0
    assert infrastructure.database.max_connections > 0
    assert infrastructure.cache.software == "valkey"
    assert infrastructure.host_description.cores > 0
    sources = {one.key.source for one in latest.list_samples()}
    assert sources == {"host", "postgresql", "cache"}


async def test_an_unavailable_source_has_no_figures(store, clock, latest):
    cache = create_cache_client("redis://:geheim@127.0.0.1:9/0")
    infrastructure = make_infrastructure(store, clock, latest, cache)
    await infrastructure.measure()
    await cache.aclose()
    assert infrastructure.cache is None
    assert "unavailable" in infrastructure.cache_problem
    assert "geheim" not in infrastructure.cache_problem
    assert infrastructure.database is not None
    assert {one.key.source for one in latest.list_samples()} == {"host", "postgresql"}
