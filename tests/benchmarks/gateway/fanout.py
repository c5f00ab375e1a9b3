"""CPU per delivery of one event to 1,000 WebSockets: the gateway, websockets, NATS.

All servers send the same bytes to the same lightweight client process. The next event is sent when
all sockets have received the last. The gateway reads its events from a gRPC server, with one
identical subscription a socket.
"""

import asyncio
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop

from tests.benchmarks.figures import BenchmarkSize, Figure, measure_in_turns, print_figures
from tests.benchmarks.gateway.deliveries import DeliveryMeasurement, milliseconds, open_measurement
from tests.benchmarks.gateway.fanout_servers import (
    FanoutServer,
    gateway_server,
    nats_server,
    websockets_server,
)

REQUESTS_AN_EVENT = 64


def measure(size: BenchmarkSize) -> list[Figure]:
    sockets = size.sockets
    with tempfile.TemporaryDirectory(prefix="libral-bench-") as name:
        folder = Path(name)
        with (
            gateway_server(folder, sockets) as ours,
            websockets_server(folder, sockets) as bare,
            nats_server(folder, sockets) as nats,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            servers = {"gateway": ours, "websockets.broadcast": bare, "NATS": nats}
            events = events_of(size)
            found, latencies = compare(runner, servers, events, size.rounds)
    n = size.rounds * events * sockets
    print_figures(f"an event to {sockets:,} WebSockets", found, "µs CPU a delivery", n)
    for name, times in latencies.items():
        p50, p99 = (milliseconds(times, percent) for percent in (50, 99))
        print(f"  {name:34} p50 {p50:6.1f} ms  p99 {p99:6.1f} ms")
    ours, bare, nats = found.values()
    return [
        Figure("fanout_vs_websockets", ours / bare, 1.3, n),
        Figure("fanout_vs_nats", ours / nats, 1.0, n),
    ]


def events_of(size: BenchmarkSize) -> int:
    return max(1, size.requests // REQUESTS_AN_EVENT)


def compare(
    runner: asyncio.Runner, servers: dict[str, FanoutServer], events: int, rounds: int
) -> tuple[dict[str, float], dict[str, list[int]]]:
    """Return each server's CPU time for a delivery, and the times of all deliveries.

    CPU times are in microseconds, delivery times in nanoseconds.
    """
    stack = AsyncExitStack()

    async def open_all() -> dict[str, DeliveryMeasurement]:
        return {
            name: await stack.enter_async_context(open_measurement(server))
            for name, server in servers.items()
        }

    def make_round(measurement: DeliveryMeasurement) -> Callable[[], float]:
        return lambda: runner.run(measurement.cost(events))

    try:
        measurements = runner.run(open_all())
        found = measure_in_turns(
            {name: make_round(each) for name, each in measurements.items()}, rounds
        )
    finally:
        runner.run(stack.aclose())
    return found, {name: each.times for name, each in measurements.items()}
