"""The effect of stalled readers on others: p99 of 450 readers with and without 50 stalled.

The stalled sockets read nothing. They also subscribe to a second topic, which fills the kernel's
buffers before the measurement; the gateway then has to buffer the rest or close them. The scenario
checks that they are stuck or closed.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import uvloop

from tests.benchmarks.figures import BenchmarkSize, Figure, measure_in_turns, print_figures
from tests.benchmarks.gateway.deliveries import DeliveryMeasurement, milliseconds
from tests.benchmarks.gateway.fanout import events_of
from tests.benchmarks.gateway.fanout_servers import (
    GatewayEventStream,
    make_settings,
    running_event_stream,
)
from tests.benchmarks.gateway.subscribers import DeliveryError, SubscriberProcess
from tests.benchmarks.processes import cpu_seconds

READERS, STALLED = 45, 5  # per 100 sockets
FILLER = "filler"
FILLINGS, FILLING_BYTES = 80, 64 * 1024
QUIET_SECONDS, QUIET_SECONDS_MAX = 0.2, 8.0
QUIET_CPU_SECONDS = 0.01
ESTABLISHED = "01"


def measure(size: BenchmarkSize) -> list[Figure]:
    readers, stalled = (max(1, size.sockets * part // 100) for part in (READERS, STALLED))
    with (
        tempfile.TemporaryDirectory(prefix="libral-bench-") as folder,
        running_event_stream(Path(folder)) as stream,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        events = events_of(size)
        trial = StalledTrial(stream, readers, stalled, events)
        found = compare(runner, trial, size.rounds)
    n = size.rounds * events * readers
    print_figures(f"an event to {readers} readers, p99 of the delivery", found, "ms", n)
    print(f"  of {stalled} stalled, open and stuck in each round: {trial.stuck}")
    beside, without = found.values()
    return [Figure("stalled_p99", beside / without, 1.2, n)]


class StalledTrial:
    """Rounds of events to the same readers, with or without stalled sockets."""

    def __init__(self, stream: GatewayEventStream, readers: int, stalled: int, events: int) -> None:
        self.stalled = stalled
        self.stuck: list[int] = []
        self._stream = stream
        self._readers = readers
        self._events = events
        self._stack = AsyncExitStack()

    async def open(self) -> None:
        settings = make_settings(self._stream.port, self._readers)
        enter = self._stack.enter_async_context
        subscribers, publish = (
            await enter(SubscriberProcess(settings)),
            await enter(self._stream.publisher()),
        )
        self._measurement = DeliveryMeasurement(self._stream.pid, subscribers, publish)
        await self._measurement.warm_up()

    async def close(self) -> None:
        await self._stack.aclose()

    async def without(self) -> float:
        """Return the p99 of a round, in milliseconds."""
        await wait_until_idle(self._stream.pid)
        return milliseconds(await self._measurement.spread(self._events), 99)

    async def beside(self) -> float:
        """Return the p99 of a round with stalled sockets, in milliseconds."""
        async with self._stalled():
            return milliseconds(await self._measurement.spread(self._events), 99)

    @asynccontextmanager
    async def _stalled(self) -> AsyncIterator[None]:
        """Keep stalled sockets open inside the context.

        Raises:
            DeliveryError: A socket is not stuck, because the kernel buffered everything.
        """
        stream = self._stream
        settings = make_settings(stream.port, self.stalled, FILLER, stall=True)
        async with SubscriberProcess(settings), stream.publisher(FILLER) as fill:
            for number in range(FILLINGS):
                await fill(number, FILLING_BYTES)
            await wait_until_idle(stream.pid)
            flowing, stuck = count_open(stream.port)
            if flowing != self._readers:
                raise DeliveryError(f"{flowing} sockets flow, of which {self._readers} should.")
            self.stuck.append(stuck)
            yield


def compare(runner: asyncio.Runner, trial: StalledTrial, rounds: int) -> dict[str, float]:
    def make_round(run: Callable) -> Callable[[], float]:
        return lambda: runner.run(run())

    try:
        runner.run(trial.open())
        sides = {f"beside {trial.stalled} stalled": trial.beside, "without": trial.without}
        return measure_in_turns({name: make_round(run) for name, run in sides.items()}, rounds)
    finally:
        runner.run(trial.close())


async def wait_until_idle(pid: int) -> None:
    """Wait until a process is idle, at most 8 seconds."""
    deadline = asyncio.get_running_loop().time() + QUIET_SECONDS_MAX
    before = cpu_seconds(pid)
    while asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(QUIET_SECONDS)
        now = cpu_seconds(pid)
        if now - before < QUIET_CPU_SECONDS:
            return
        before = now


def count_open(port: int) -> tuple[int, int]:
    """Return the number of open connections of a port with empty and with full send queues.

    A connection is stuck if the kernel holds bytes for it while the server is idle.
    """
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    held = [
        int(queues.partition(":")[0], 16)
        for _, local, _, state, queues, *_ in rows
        if int(local.rpartition(":")[2], 16) == port and state == ESTABLISHED
    ]
    return held.count(0), len(held) - held.count(0)
