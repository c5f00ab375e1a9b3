import asyncpg
import psutil
import pytest
import redis
from libral.metrics.v1 import metrics_pb2
from libral.metrics.v1 import metrics_pb2_grpc as contract

from services.metrics.__main__ import build
from services.metrics.domain.infrastructure import HostDescription
from services.metrics.servicer.infrastructure import host_message
from tests.services.metrics.helpers import eventually


async def test_host_figures_agree_with_psutil(channel):
    stub = contract.InfrastructureServiceStub(channel)
    seen = await eventually(
        lambda: stub.GetInfrastructure(metrics_pb2.GetInfrastructureRequest()),
        lambda seen: seen.host.HasField("memory_used_bytes") and seen.database.reachable,
    )
    memory = psutil.virtual_memory()
    assert seen.host.memory_total_bytes == memory.total
    assert seen.host.memory_used_bytes == pytest.approx(memory.total - memory.available, rel=0.2)
    assert seen.host.disk_total_bytes == psutil.disk_usage("/").total
    assert seen.host.core_count == psutil.cpu_count()


async def test_database_and_cache_figures_agree_with_the_servers(channel, database_url, redis_url):
    stub = contract.InfrastructureServiceStub(channel)
    seen = await eventually(
        lambda: stub.GetInfrastructure(metrics_pb2.GetInfrastructureRequest()),
        lambda seen: seen.database.HasField("transaction_rate") and seen.cache.reachable,
        seconds=15,
    )
    connection = await asyncpg.connect(database_url)
    assert seen.database.max_connections == int(
        await connection.fetchval("SELECT current_setting('max_connections')")
    )
    size = await connection.fetchval("SELECT pg_database_size(current_database())")
    assert seen.database.size_bytes == pytest.approx(size, rel=0.1)
    await connection.close()
    with redis.Redis.from_url(redis_url) as client:
        info = client.info()
    assert seen.cache.version == info["valkey_version"]
    assert seen.cache.memory_max_bytes == info["maxmemory"]
    assert seen.cache.memory_used_bytes == pytest.approx(info["used_memory"], rel=0.5)


async def test_an_unavailable_cache_has_no_figures(mesh):
    service = await mesh.start("metrics", build, {"REDIS_URL": "redis://:geheim@127.0.0.1:9/0"})
    stub = contract.InfrastructureServiceStub(mesh.channel(service))
    seen = await eventually(
        lambda: stub.GetInfrastructure(metrics_pb2.GetInfrastructureRequest()),
        lambda seen: seen.database.reachable,
    )
    assert not seen.cache.reachable
    assert not seen.cache.HasField("memory_used_bytes")
    assert "unavailable" in seen.cache.problem
    assert "geheim" not in seen.cache.problem


def test_what_was_not_measured_is_unset():
    description = HostDescription("here", "Linux 6", 2)
    host = host_message(description, None)
    assert (host.hostname, host.platform, host.core_count) == ("here", "Linux 6", 2)
    assert not host.HasField("cpu_utilization")
    assert not host.HasField("measure_time")
