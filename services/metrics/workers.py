"""Background loops."""

import asyncio
import time

from services.metrics.service.incidents import Incidents
from services.metrics.service.infrastructure import InfrastructureMonitor
from services.metrics.service.modules import ModuleMonitor
from services.metrics.service.retention import MeasurementRetention

CHECK_SECONDS = 1.0
CHECK_PAUSE_SECONDS = 0.1
MEASURE_SECONDS = 5.0
EVALUATE_SECONDS = 5.0
DELETE_SECONDS = 600.0


async def check_modules(monitor: ModuleMonitor) -> None:
    """Check all modules every second."""
    while True:
        started = time.monotonic()
        await monitor.check_all()
        spent = time.monotonic() - started
        await asyncio.sleep(max(CHECK_SECONDS - spent, CHECK_PAUSE_SECONDS))


async def measure_infrastructure(infrastructure: InfrastructureMonitor) -> None:
    """Measure host, database and cache every 5 seconds."""
    while True:
        started = time.monotonic()
        await infrastructure.measure()
        await asyncio.sleep(max(MEASURE_SECONDS - (time.monotonic() - started), 0.0))


async def evaluate_alerts(incidents: Incidents) -> None:
    """Evaluate the alert rules every 5 seconds."""
    while True:
        await asyncio.sleep(EVALUATE_SECONDS)
        await incidents.evaluate_rules()


async def delete_old_measurements(retention: MeasurementRetention) -> None:
    """Delete old measurements every 10 minutes."""
    while True:
        await retention.delete_old()
        await asyncio.sleep(DELETE_SECONDS)
