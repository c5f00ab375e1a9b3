"""Figures of host, database and cache, and their conversion to samples."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.metrics.domain.series import Sample, SeriesKey


@dataclass(frozen=True)
class HostDescription:
    """Constant properties of the host."""

    hostname: str
    platform: str
    cores: int


@dataclass(frozen=True)
class HostFigures:
    """A measurement of the host. Rates are per second, None at the first measurement."""

    time: datetime
    boot_time: datetime
    cpu_utilization: float
    memory_used: int
    memory_total: int
    disk_used: int
    disk_total: int
    load: tuple[float, float, float]
    network_receive: float | None
    network_transmit: float | None
    disk_read: float | None
    disk_write: float | None


@dataclass(frozen=True)
class DatabaseFigures:
    """A measurement of PostgreSQL. Rates are per second, None at the first measurement."""

    time: datetime
    version: str
    start_time: datetime
    connections: int
    max_connections: int
    size: int
    replicas: int
    lag_seconds: float | None
    in_recovery: bool
    query_rate: float | None
    transaction_rate: float | None
    cache_hit_ratio: float | None


@dataclass(frozen=True)
class CacheFigures:
    """A measurement of the cache. Rates are per second, None at the first measurement."""

    time: datetime
    software: str
    version: str
    start_time: datetime
    memory_used: int
    memory_max: int
    clients: int
    pubsub_channels: int
    keys: int
    hit_ratio: float | None
    command_rate: float | None


def make_samples(
    source: str, time: datetime, values: Mapping[tuple[str, str], float | None]
) -> list[Sample]:
    """Return a sample of each value that is not None. Keys are (metric, unit)."""
    return [
        Sample(SeriesKey(metric, source, unit=unit), time, float(value))
        for (metric, unit), value in values.items()
        if value is not None
    ]


def host_samples(host: HostFigures) -> list[Sample]:
    return make_samples(
        "host",
        host.time,
        {
            ("system.cpu.utilization", "1"): host.cpu_utilization,
            ("system.memory.utilization", "1"): host.memory_used / host.memory_total,
            ("system.memory.usage", "By"): host.memory_used,
            ("system.memory.limit", "By"): host.memory_total,
            ("system.filesystem.utilization", "1"): host.disk_used / host.disk_total,
            ("system.filesystem.usage", "By"): host.disk_used,
            ("system.filesystem.limit", "By"): host.disk_total,
            ("system.network.receive", "By/s"): host.network_receive,
            ("system.network.transmit", "By/s"): host.network_transmit,
            ("system.disk.read", "By/s"): host.disk_read,
            ("system.disk.write", "By/s"): host.disk_write,
            ("system.load.1m", "1"): host.load[0],
            ("system.load.5m", "1"): host.load[1],
            ("system.load.15m", "1"): host.load[2],
        },
    )


def database_samples(database: DatabaseFigures) -> list[Sample]:
    return make_samples(
        "postgresql",
        database.time,
        {
            ("postgresql.connections", "1"): database.connections,
            ("postgresql.connections.max", "1"): database.max_connections,
            ("postgresql.replicas", "1"): database.replicas,
            ("postgresql.size", "By"): database.size,
            ("postgresql.queries", "1/s"): database.query_rate,
            ("postgresql.transactions", "1/s"): database.transaction_rate,
            ("postgresql.cache_hit_ratio", "1"): database.cache_hit_ratio,
        },
    )


def cache_samples(cache: CacheFigures) -> list[Sample]:
    return make_samples(
        "cache",
        cache.time,
        {
            ("cache.memory.usage", "By"): cache.memory_used,
            ("cache.memory.limit", "By"): cache.memory_max,
            ("cache.clients", "1"): cache.clients,
            ("cache.pubsub_channels", "1"): cache.pubsub_channels,
            ("cache.keys", "1"): cache.keys,
            ("cache.hit_ratio", "1"): cache.hit_ratio,
            ("cache.commands", "1/s"): cache.command_rate,
        },
    )
