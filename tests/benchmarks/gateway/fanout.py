"""CPU a delivery of one event to 1,000 WebSockets: the gateway, websockets, NATS.

All spread the same bytes to the same client, a process of its own that reads at little cost; the
next event comes when all have got the last. The gateway takes its events from a gRPC server, by
one subscription a socket, all alike.
"""

import asyncio
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop

from tests.benchmarks.figures import Extent, Figure, in_turns, show
from tests.benchmarks.gateway.performance import Performance, milliseconds, performing
from tests.benchmarks.gateway.stages import Stage, gateway_stage, nats_stage, websockets_stage

REQUESTS_AN_EVENT = 64


def measure(extent: Extent) -> list[Figure]:
    sockets = extent.sockets
    with tempfile.TemporaryDirectory(prefix="libral-bench-") as name:
        folder = Path(name)
        with (
            gateway_stage(folder, sockets) as ours,
            websockets_stage(folder, sockets) as bare,
            nats_stage(folder, sockets) as nats,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            stages = {"gateway": ours, "websockets.broadcast": bare, "NATS": nats}
            events = events_of(extent)
            found, latencies = compare(runner, stages, events, extent.rounds)
    n = extent.rounds * events * sockets
    show(f"an event to {sockets:,} WebSockets", found, "µs CPU a delivery", n)
    for name, times in latencies.items():
        p50, p99 = (milliseconds(times, percent) for percent in (50, 99))
        print(f"  {name:34} p50 {p50:6.1f} ms  p99 {p99:6.1f} ms")
    ours, bare, nats = found.values()
    return [
        Figure("fanout_vs_websockets", ours / bare, 1.3, n),
        Figure("fanout_vs_nats", ours / nats, 1.0, n),
    ]


def events_of(extent: Extent) -> int:
    return max(1, extent.requests // REQUESTS_AN_EVENT)


def compare(
    runner: asyncio.Runner, stages: dict[str, Stage], events: int, rounds: int
) -> tuple[dict[str, float], dict[str, list[int]]]:
    """The CPU time of each for one delivery, in microseconds; the nanoseconds of each delivery."""
    stack = AsyncExitStack()

    async def open_all() -> dict[str, Performance]:
        return {
            name: await stack.enter_async_context(performing(stage))
            for name, stage in stages.items()
        }

    def make_round(performance: Performance) -> Callable[[], float]:
        return lambda: runner.run(performance.cost(events))

    try:
        performances = runner.run(open_all())
        found = in_turns({name: make_round(each) for name, each in performances.items()}, rounds)
    finally:
        runner.run(stack.aclose())
    return found, {name: each.times for name, each in performances.items()}
