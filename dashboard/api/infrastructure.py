"""Models of the infrastructure: host, database, cache, and the Telegram bot.

A value that was not measured is None. Rates are per second; ratios and shares are from 0 to 1.
"""

from dataclasses import dataclass
from datetime import datetime

from dashboard.api.fields import (
    Json,
    flag,
    integer,
    message,
    number,
    seconds,
    string,
    time,
)


@dataclass(frozen=True)
class Host:
    """The machine. `loads` are the load averages of 1, 5 and 15 minutes."""

    hostname: str
    platform: str
    core_count: int | None
    cpu_utilization: float | None
    memory_used_bytes: int | None
    memory_total_bytes: int | None
    disk_used_bytes: int | None
    disk_total_bytes: int | None
    network_receive_rate: float | None
    network_transmit_rate: float | None
    loads: tuple[float | None, float | None, float | None]
    boot_time: datetime | None
    measure_time: datetime | None

    @classmethod
    def parse(cls, found: Json) -> "Host":
        return cls(
            hostname=string(found, "hostname"),
            platform=string(found, "platform"),
            core_count=integer(found, "coreCount"),
            cpu_utilization=number(found, "cpuUtilization"),
            memory_used_bytes=integer(found, "memoryUsedBytes"),
            memory_total_bytes=integer(found, "memoryTotalBytes"),
            disk_used_bytes=integer(found, "diskUsedBytes"),
            disk_total_bytes=integer(found, "diskTotalBytes"),
            network_receive_rate=number(found, "networkReceiveRate"),
            network_transmit_rate=number(found, "networkTransmitRate"),
            loads=(number(found, "load1m"), number(found, "load5m"), number(found, "load15m")),
            boot_time=time(found, "bootTime"),
            measure_time=time(found, "measureTime"),
        )


@dataclass(frozen=True)
class Database:
    """The PostgreSQL server."""

    reachable: bool
    version: str
    connections: int | None
    max_connections: int | None
    size_bytes: int | None
    query_rate: float | None
    transaction_rate: float | None
    cache_hit_ratio: float | None
    replica_count: int | None
    replication_lag: float | None
    start_time: datetime | None
    measure_time: datetime | None

    @classmethod
    def parse(cls, found: Json) -> "Database":
        return cls(
            reachable=flag(found, "reachable"),
            version=string(found, "version"),
            connections=integer(found, "connections"),
            max_connections=integer(found, "maxConnections"),
            size_bytes=integer(found, "sizeBytes"),
            query_rate=number(found, "queryRate"),
            transaction_rate=number(found, "transactionRate"),
            cache_hit_ratio=number(found, "cacheHitRatio"),
            replica_count=integer(found, "replicaCount"),
            replication_lag=seconds(found, "replicationLag"),
            start_time=time(found, "startTime"),
            measure_time=time(found, "measureTime"),
        )


@dataclass(frozen=True)
class Cache:
    """The Valkey or Redis server. `software` is `valkey` or `redis`."""

    reachable: bool
    software: str
    version: str
    memory_used_bytes: int | None
    client_count: int | None
    pubsub_channel_count: int | None
    hit_ratio: float | None
    command_rate: float | None
    key_count: int | None
    start_time: datetime | None
    measure_time: datetime | None

    @classmethod
    def parse(cls, found: Json) -> "Cache":
        return cls(
            reachable=flag(found, "reachable"),
            software=string(found, "software"),
            version=string(found, "version"),
            memory_used_bytes=integer(found, "memoryUsedBytes"),
            client_count=integer(found, "clientCount"),
            pubsub_channel_count=integer(found, "pubsubChannelCount"),
            hit_ratio=number(found, "hitRatio"),
            command_rate=number(found, "commandRate"),
            key_count=integer(found, "keyCount"),
            start_time=time(found, "startTime"),
            measure_time=time(found, "measureTime"),
        )


@dataclass(frozen=True)
class Infrastructure:
    """Host, database and cache."""

    host: Host
    database: Database
    cache: Cache

    @classmethod
    def parse(cls, found: Json) -> "Infrastructure":
        """Parse a response. An empty one gives models without values."""
        return cls(
            host=Host.parse(message(found, "host")),
            database=Database.parse(message(found, "database")),
            cache=Cache.parse(message(found, "cache")),
        )


@dataclass(frozen=True)
class Bot:
    """The Telegram bot."""

    state: str
    username: str
    pending_update_count: int | None
    failed_update_count: int | None
    last_update_time: datetime | None

    @classmethod
    def parse(cls, found: Json) -> "Bot":
        return cls(
            state=string(found, "state"),
            username=string(found, "username"),
            pending_update_count=integer(found, "pendingUpdateCount"),
            failed_update_count=integer(found, "failedUpdateCount"),
            last_update_time=time(found, "lastUpdateTime"),
        )
