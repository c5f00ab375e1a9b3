"""Figures of the host, from psutil."""

import platform
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil

from services.kernel.clock import Clock
from services.metrics.domain.infrastructure import HostDescription, HostFigures

DESCRIPTION = HostDescription(
    hostname=platform.node(),
    platform=f"{platform.system()} {platform.release()}",
    cores=psutil.cpu_count() or 1,
)


class HostCollector:
    """Measures the host. Rates are averages since the previous measurement."""

    description = DESCRIPTION

    def __init__(self, data_path: Path, clock: Clock) -> None:
        self._data_path = data_path
        self._clock = clock
        self._counters: dict[str, int] = {}
        self._measured = 0.0
        psutil.cpu_percent()

    def measure(self) -> HostFigures:
        now = time.monotonic()
        counters = read_counters()
        seconds = now - self._measured
        before, self._counters, self._measured = self._counters, counters, now
        memory, disk = psutil.virtual_memory(), psutil.disk_usage(str(self._data_path))

        def rate(name: str) -> float | None:
            known = name in before and name in counters
            return max(counters[name] - before[name], 0) / seconds if known else None

        return HostFigures(
            time=self._clock.now(),
            boot_time=datetime.fromtimestamp(psutil.boot_time(), UTC),
            cpu_utilization=psutil.cpu_percent() / 100,
            memory_used=memory.total - memory.available,
            memory_total=memory.total,
            disk_used=disk.used,
            disk_total=disk.total,
            load=psutil.getloadavg(),
            network_receive=rate("receive"),
            network_transmit=rate("transmit"),
            disk_read=rate("read"),
            disk_write=rate("write"),
        )


def read_counters() -> dict[str, int]:
    found: dict[str, int] = {}
    if network := psutil.net_io_counters():
        found |= {"receive": network.bytes_recv, "transmit": network.bytes_sent}
    if disk := psutil.disk_io_counters():
        found |= {"read": disk.read_bytes, "write": disk.write_bytes}
    return found
