"""What a process reports of itself."""

import psutil

from services.common.telemetry import Meter, Reporter, memory_bytes


async def test_reads_cpu_and_memory():
    async def send(request: bytes) -> None:
        """Nobody reads the report."""

    reporter = Reporter("gateway", Meter(), send)
    sum(range(3_000_000))
    request = await reporter._request({}, 1)
    metrics = request.resource_metrics[0].scope_metrics[0].metrics
    gauges = {each.name: each.gauge.data_points[0].as_double for each in metrics}
    assert 0 < gauges["process.cpu.utilization"] < 8
    assert gauges["process.memory.usage"] > 1_000_000
    assert memory_bytes(psutil.Process()) > 1_000_000
