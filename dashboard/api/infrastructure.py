"""Models of the infrastructure: host, database, cache, and the Telegram bot.

A value that was not measured is None. Rates are per second; ratios and shares are from 0 to 1.
"""

from dataclasses import dataclass
from datetime import datetime

from dashboard.api.fields import (
    Json,
    read_flag,
    read_integer,
    read_message,
    read_number,
    read_seconds,
    read_string,
    read_time,
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
            hostname=read_string(found, "hostname"),
            platform=read_string(found, "platform"),
            core_count=read_integer(found, "coreCount"),
            cpu_utilization=read_number(found, "cpuUtilization"),
            memory_used_bytes=read_integer(found, "memoryUsedBytes"),
            memory_total_bytes=read_integer(found, "memoryTotalBytes"),
            disk_used_bytes=read_integer(found, "diskUsedBytes"),
            disk_total_bytes=read_integer(found, "diskTotalBytes"),
            network_receive_rate=read_number(found, "networkReceiveRate"),
            network_transmit_rate=read_number(found, "networkTransmitRate"),
            loads=(
                read_number(found, "load1m"),
                read_number(found, "load5m"),
                read_number(found, "load15m"),
            ),
            boot_time=read_time(found, "bootTime"),
            measure_time=read_time(found, "measureTime"),
        )


@dataclass(frozen=True)
class DatabaseServer:
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
    def parse(cls, found: Json) -> "DatabaseServer":
        return cls(
            reachable=read_flag(found, "reachable"),
            version=read_string(found, "version"),
            connections=read_integer(found, "connections"),
            max_connections=read_integer(found, "maxConnections"),
            size_bytes=read_integer(found, "sizeBytes"),
            query_rate=read_number(found, "queryRate"),
            transaction_rate=read_number(found, "transactionRate"),
            cache_hit_ratio=read_number(found, "cacheHitRatio"),
            replica_count=read_integer(found, "replicaCount"),
            replication_lag=read_seconds(found, "replicationLag"),
            start_time=read_time(found, "startTime"),
            measure_time=read_time(found, "measureTime"),
        )


@dataclass(frozen=True)
class CacheServer:
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
    def parse(cls, found: Json) -> "CacheServer":
        return cls(
            reachable=read_flag(found, "reachable"),
            software=read_string(found, "software"),
            version=read_string(found, "version"),
            memory_used_bytes=read_integer(found, "memoryUsedBytes"),
            client_count=read_integer(found, "clientCount"),
            pubsub_channel_count=read_integer(found, "pubsubChannelCount"),
            hit_ratio=read_number(found, "hitRatio"),
            command_rate=read_number(found, "commandRate"),
            key_count=read_integer(found, "keyCount"),
            start_time=read_time(found, "startTime"),
            measure_time=read_time(found, "measureTime"),
        )


@dataclass(frozen=True)
class Infrastructure:
    """Host, database and cache."""

    host: Host
    database: DatabaseServer
    cache: CacheServer

    @classmethod
    def parse(cls, found: Json) -> "Infrastructure":
        """Parse a response. An empty one gives models without values."""
        return cls(
            host=Host.parse(read_message(found, "host")),
            database=DatabaseServer.parse(read_message(found, "database")),
            cache=CacheServer.parse(read_message(found, "cache")),
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
            state=read_string(found, "state"),
            username=read_string(found, "username"),
            pending_update_count=read_integer(found, "pendingUpdateCount"),
            failed_update_count=read_integer(found, "failedUpdateCount"),
            last_update_time=read_time(found, "lastUpdateTime"),
        )
