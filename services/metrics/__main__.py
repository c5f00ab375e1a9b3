"""Run the metrics service."""

import os

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # gRPC reads it when it is imported.

from contextlib import AsyncExitStack
from functools import partial

from services.kernel.server import Kernel, ServiceDefinition, run
from services.metrics import workers
from services.metrics.adapters.cache import CacheCollector, create_cache_client
from services.metrics.adapters.health import (
    CacheHealth,
    DatabaseHealth,
    GrpcHealth,
    HttpHealth,
    create_http_client,
)
from services.metrics.adapters.host import HostCollector
from services.metrics.adapters.postgresql import DatabaseCollector
from services.metrics.adapters.processes import SupervisorClient
from services.metrics.config import MetricsSettings
from services.metrics.service.alert_rules import AlertRules
from services.metrics.service.endpoints import EndpointAnalytics
from services.metrics.service.incidents import Incidents
from services.metrics.service.infrastructure import InfrastructureMonitor
from services.metrics.service.latest import LatestValues
from services.metrics.service.module_controller import ModuleController
from services.metrics.service.modules import HealthCheck, ModuleMonitor
from services.metrics.service.recorder import Recorder
from services.metrics.service.retention import MeasurementRetention
from services.metrics.service.series import SeriesQueries
from services.metrics.servicer.alerts import AlertServicer
from services.metrics.servicer.endpoints import ApiAnalyticsServicer
from services.metrics.servicer.infrastructure import InfrastructureServicer
from services.metrics.servicer.metrics import MetricServicer
from services.metrics.servicer.modules import ModuleServicer
from services.metrics.servicer.otlp import OtlpServicer


async def build(kernel: Kernel) -> ServiceDefinition:
    settings = MetricsSettings.read(kernel.environment)
    database, clock, outbox = kernel.database, kernel.clock, kernel.outbox
    clients = AsyncExitStack()
    cache = create_cache_client(settings.redis_url)
    clients.push_async_callback(cache.aclose)
    socket = settings.supervisor_socket
    supervisor = SupervisorClient(socket) if socket else None

    latest = LatestValues(clock)
    recorder = Recorder(database, latest)
    infrastructure = InfrastructureMonitor(
        HostCollector(settings.data_path, clock),
        DatabaseCollector(database, clock),
        CacheCollector(cache, clock),
        recorder,
        latest,
    )
    checks = make_health_checks(settings, clients)
    checks |= {"postgres": DatabaseHealth(database), "valkey": CacheHealth(cache)}
    monitor = ModuleMonitor(checks, supervisor, latest, database, outbox, clock)
    incidents = Incidents(latest, database, outbox, clock)
    return ServiceDefinition(
        services=[
            MetricServicer(SeriesQueries(database, clock), latest),
            ModuleServicer(monitor, ModuleController(monitor, supervisor)),
            InfrastructureServicer(infrastructure),
            ApiAnalyticsServicer(EndpointAnalytics(database, clock, latest)),
            AlertServicer(AlertRules(database, clock), incidents),
            OtlpServicer(recorder),
        ],
        tasks=(
            partial(workers.measure_infrastructure, infrastructure),
            partial(workers.check_modules, monitor),
            partial(workers.evaluate_alerts, incidents),
            partial(workers.delete_old_measurements, MeasurementRetention(database, clock)),
        ),
        close=clients.aclose,
    )


def make_health_checks(
    settings: MetricsSettings, clients: AsyncExitStack
) -> dict[str, HealthCheck]:
    """Return the health checks of services and pages. `clients` closes their clients."""
    http = create_http_client()
    clients.push_async_callback(http.aclose)
    services = {name: GrpcHealth(target) for name, target in settings.services.items()}
    for check in services.values():
        clients.push_async_callback(check.close)
    return {**services, **{name: HttpHealth(http, url) for name, url in settings.pages.items()}}


if __name__ == "__main__":
    run("metrics", build)
