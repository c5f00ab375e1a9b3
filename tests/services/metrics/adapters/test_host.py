from pathlib import Path

import psutil
import pytest

from services.metrics.adapters.host import HostCollector, read_counters


def test_rates_are_known_from_the_second_measurement_on(clock):
    collector = HostCollector(Path("/"), clock)
    first = collector.measure()
    rates = ("network_receive", "network_transmit", "disk_read", "disk_write")
    assert [getattr(first, name) for name in rates] == [None] * 4
    second = collector.measure()
    known = {"receive", "transmit"} if "receive" in read_counters() else set()
    assert (second.network_receive is not None) == ("receive" in known)
    assert all(value is None or value >= 0 for value in (getattr(second, name) for name in rates))


def test_figures_agree_with_psutil(clock):
    figures = HostCollector(Path("/"), clock).measure()
    assert figures.time == clock.now()
    assert figures.memory_total == psutil.virtual_memory().total
    assert figures.disk_total == psutil.disk_usage("/").total
    assert figures.boot_time.timestamp() == pytest.approx(psutil.boot_time(), abs=1)
    assert 0 <= figures.cpu_utilization <= 1


def test_the_host_is_described(clock):
    description = HostCollector(Path("/"), clock).description
    assert description.cores == psutil.cpu_count()
    assert description.hostname
    assert description.platform
