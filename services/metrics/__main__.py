"""Runs the metrics room."""

import os

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # gRPC reads it when it is imported.


from services.kernel.server import Kernel, Room, run
from services.metrics.adapters.cache import CacheCollector
from services.metrics.adapters.health import CacheHealth, DatabaseHealth, PageHealth, RoomHealth
from services.metrics.adapters.host import HostCollector
from services.metrics.adapters.postgresql import DatabaseCollector
from services.metrics.adapters.processes import Supervisor
from services.metrics.config import MetricsSettings
from services.metrics.servicer import (
    AlertServicer,
    ApiAnalyticsServicer,
    InfrastructureServicer,
    MetricServicer,
    ModuleServicer,
    OtlpReceiver,
)
from services.metrics.worker.alerts import Alerts
from services.metrics.worker.collector import Collector
from services.metrics.worker.modules import Health, Watch
from services.metrics.worker.recorder import Recorder
from services.metrics.worker.retention import Retention

PACKAGE = "libral.metrics.v1"


async def build(kernel: Kernel) -> Room:
    settings = MetricsSettings.read(kernel.environment)
    database, clock = kernel.database, kernel.clock
    recorder = Recorder(database, clock)
    collector = Collector(
        HostCollector(settings.data_path, clock),
        DatabaseCollector(database, clock),
        CacheCollector(settings.redis_url, clock),
        recorder,
    )
    watch = make_watch(kernel, settings, recorder)
    metrics = MetricServicer(database, clock, recorder)
    modules = ModuleServicer(watch)
    infrastructure = InfrastructureServicer(collector)
    endpoints = ApiAnalyticsServicer(database, clock, recorder)
    alerts = AlertServicer(kernel)
    return Room(
        services=[metrics, modules, infrastructure, endpoints, alerts, OtlpReceiver(recorder)],
        tasks=(
            collector.run,
            watch.run,
            Alerts(recorder, database, kernel.outbox, clock).run,
            Retention(database, clock).run,
        ),
    )


def make_watch(kernel: Kernel, settings: MetricsSettings, recorder: Recorder) -> Watch:
    healths: dict[str, Health] = {}
    healths |= {room: RoomHealth(target) for room, target in settings.rooms.items()}
    healths |= {name: PageHealth(url) for name, url in settings.pages.items()}
    healths |= {
        "postgres": DatabaseHealth(kernel.database),
        "valkey": CacheHealth(settings.redis_url),
    }
    socket = settings.supervisor_socket
    return Watch(
        healths,
        Supervisor(socket) if socket else None,
        recorder,
        kernel.database,
        kernel.outbox,
        kernel.clock,
    )


if __name__ == "__main__":
    run("metrics", build)
