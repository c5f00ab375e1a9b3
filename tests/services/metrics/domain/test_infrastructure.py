from datetime import UTC, datetime

from services.metrics.domain.infrastructure import (
    CacheFigures,
    DatabaseFigures,
    HostFigures,
    cache_samples,
    database_samples,
    host_samples,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def values(samples) -> dict[str, float]:
    return {one.key.metric: one.value for one in samples}


def test_samples_of_a_host_leave_out_what_was_not_measured():
    host = HostFigures(
        time=NOW,
        boot_time=NOW,
        cpu_utilization=0.5,
        memory_used=1,
        memory_total=4,
        disk_used=3,
        disk_total=4,
        load=(1.0, 2.0, 3.0),
        network_receive=10.0,
        network_transmit=None,
        disk_read=0.0,
        disk_write=None,
    )
    samples = host_samples(host)
    assert values(samples) == {
        "system.cpu.utilization": 0.5,
        "system.memory.utilization": 0.25,
        "system.memory.usage": 1.0,
        "system.memory.limit": 4.0,
        "system.filesystem.utilization": 0.75,
        "system.filesystem.usage": 3.0,
        "system.filesystem.limit": 4.0,
        "system.network.receive": 10.0,
        "system.disk.read": 0.0,
        "system.load.1m": 1.0,
        "system.load.5m": 2.0,
        "system.load.15m": 3.0,
    }
    assert {(one.key.source, one.time) for one in samples} == {("host", NOW)}
    units = {one.key.metric: one.key.unit for one in samples}
    assert (units["system.memory.usage"], units["system.disk.read"]) == ("By", "By/s")


def test_samples_of_a_database():
    database = DatabaseFigures(
        time=NOW,
        version="18.1",
        start_time=NOW,
        connections=3,
        max_connections=100,
        size=1000,
        replicas=0,
        lag_seconds=None,
        in_recovery=False,
        query_rate=None,
        transaction_rate=2.5,
        cache_hit_ratio=None,
    )
    assert values(database_samples(database)) == {
        "postgresql.connections": 3.0,
        "postgresql.connections.max": 100.0,
        "postgresql.replicas": 0.0,
        "postgresql.size": 1000.0,
        "postgresql.transactions": 2.5,
    }


def test_samples_of_a_cache():
    cache = CacheFigures(
        time=NOW,
        software="valkey",
        version="9.1",
        start_time=NOW,
        memory_used=10,
        memory_max=0,
        clients=2,
        pubsub_channels=1,
        keys=5,
        hit_ratio=0.5,
        command_rate=None,
    )
    assert values(cache_samples(cache)) == {
        "cache.memory.usage": 10.0,
        "cache.memory.limit": 0.0,
        "cache.clients": 2.0,
        "cache.pubsub_channels": 1.0,
        "cache.keys": 5.0,
        "cache.hit_ratio": 0.5,
    }
