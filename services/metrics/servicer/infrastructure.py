"""InfrastructureService: contract ↔ service."""

from libral.metrics.v1 import metrics_pb2, metrics_pb2_grpc

from services.kernel.messages import duration, timestamp
from services.kernel.rpc.pipeline import Context
from services.metrics.domain.infrastructure import (
    CacheFigures,
    DatabaseFigures,
    HostDescription,
    HostFigures,
)
from services.metrics.service.infrastructure import InfrastructureMonitor


class InfrastructureServicer(metrics_pb2_grpc.InfrastructureServiceServicer):
    """Serves the newest figures of host, database and cache."""

    def __init__(self, infrastructure: InfrastructureMonitor) -> None:
        self._infrastructure = infrastructure

    async def GetInfrastructure(
        self, request: metrics_pb2.GetInfrastructureRequest, context: Context
    ) -> metrics_pb2.Infrastructure:
        seen = self._infrastructure
        return metrics_pb2.Infrastructure(
            host=host_message(seen.host_description, seen.host),
            database=database_message(seen.database)
            if seen.database
            else metrics_pb2.Database(problem=seen.database_problem),
            cache=cache_message(seen.cache)
            if seen.cache
            else metrics_pb2.Cache(problem=seen.cache_problem),
        )


def host_message(description: HostDescription, figures: HostFigures | None) -> metrics_pb2.Host:
    message = metrics_pb2.Host(
        hostname=description.hostname,
        platform=description.platform,
        core_count=description.cores,
    )
    if figures is not None:
        message.MergeFrom(
            metrics_pb2.Host(
                cpu_utilization=figures.cpu_utilization,
                memory_used_bytes=figures.memory_used,
                memory_total_bytes=figures.memory_total,
                disk_used_bytes=figures.disk_used,
                disk_total_bytes=figures.disk_total,
                network_receive_rate=figures.network_receive,
                network_transmit_rate=figures.network_transmit,
                load_1m=figures.load[0],
                load_5m=figures.load[1],
                load_15m=figures.load[2],
                boot_time=timestamp(figures.boot_time),
                measure_time=timestamp(figures.time),
            )
        )
    return message


def database_message(figures: DatabaseFigures) -> metrics_pb2.Database:
    return metrics_pb2.Database(
        reachable=True,
        version=figures.version,
        connections=figures.connections,
        max_connections=figures.max_connections,
        size_bytes=figures.size,
        query_rate=figures.query_rate,
        transaction_rate=figures.transaction_rate,
        cache_hit_ratio=figures.cache_hit_ratio,
        replica_count=figures.replicas,
        replication_lag=duration(figures.lag_seconds),
        in_recovery=figures.in_recovery,
        start_time=timestamp(figures.start_time),
        measure_time=timestamp(figures.time),
    )


def cache_message(figures: CacheFigures) -> metrics_pb2.Cache:
    return metrics_pb2.Cache(
        reachable=True,
        software=figures.software,
        version=figures.version,
        memory_used_bytes=figures.memory_used,
        memory_max_bytes=figures.memory_max,
        client_count=figures.clients,
        pubsub_channel_count=figures.pubsub_channels,
        hit_ratio=figures.hit_ratio,
        command_rate=figures.command_rate,
        key_count=figures.keys,
        start_time=timestamp(figures.start_time),
        measure_time=timestamp(figures.time),
    )
