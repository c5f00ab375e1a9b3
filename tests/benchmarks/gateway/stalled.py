"""What readers that stopped reading cost the others: p99 of 450 with 50 of them, and without.

The stalled read nothing. They watch a second topic too, which fills what the kernel holds for them
before the events are measured, so that the gateway itself has to hold the rest or to close them.
That they are stuck, or gone, is checked.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import uvloop

from tests.benchmarks.figures import Extent, Figure, in_turns, show
from tests.benchmarks.gateway.audience import Audience, AudienceError
from tests.benchmarks.gateway.fanout import events_of
from tests.benchmarks.gateway.performance import Performance, milliseconds
from tests.benchmarks.gateway.stages import Feed, make_seats, running_feed
from tests.benchmarks.processes import cpu_seconds

READERS, STALLED = 45, 5  # in a hundred of the sockets
FILLER = "filler"
FILLINGS, FILLING_BYTES = 80, 64 * 1024
QUIET_SECONDS, QUIET_SECONDS_MAX = 0.2, 8.0
QUIET_CPU_SECONDS = 0.01
ESTABLISHED = "01"


def measure(extent: Extent) -> list[Figure]:
    readers, stalled = (max(1, extent.sockets * part // 100) for part in (READERS, STALLED))
    with (
        tempfile.TemporaryDirectory(prefix="libral-bench-") as folder,
        running_feed(Path(folder)) as feed,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        events = events_of(extent)
        trial = Trial(feed, readers, stalled, events)
        found = compare(runner, trial, extent.rounds)
    n = extent.rounds * events * readers
    show(f"an event to {readers} readers, p99 of the delivery", found, "ms", n)
    print(f"  of {stalled} stalled, open and stuck in each round: {trial.stuck}")
    beside, without = found.values()
    return [Figure("stalled_p99", beside / without, 1.2, n)]


class Trial:
    """Rounds of events to readers that stay, with or without stalled ones beside them."""

    def __init__(self, feed: Feed, readers: int, stalled: int, events: int) -> None:
        self.stalled = stalled
        self.stuck: list[int] = []
        self._feed = feed
        self._readers = readers
        self._events = events
        self._stack = AsyncExitStack()

    async def open(self) -> None:
        seats = make_seats(self._feed.port, self._readers)
        enter = self._stack.enter_async_context
        audience, publish = await enter(Audience(seats)), await enter(self._feed.publisher())
        self._performance = Performance(self._feed.pid, audience, publish)
        await self._performance.warm_up()

    async def close(self) -> None:
        await self._stack.aclose()

    async def without(self) -> float:
        """The p99 of a round, in milliseconds."""
        await quiet(self._feed.pid)
        return milliseconds(await self._performance.spread(self._events), 99)

    async def beside(self) -> float:
        """The p99 of a round beside stalled readers, in milliseconds."""
        async with self._stalled():
            return milliseconds(await self._performance.spread(self._events), 99)

    @asynccontextmanager
    async def _stalled(self) -> AsyncIterator[None]:
        """Keeps readers that are stuck.

        Raises:
            AudienceError: One of them is not: the kernel took all that there was.
        """
        feed = self._feed
        seats = make_seats(feed.port, self.stalled, FILLER, stall=True)
        async with Audience(seats), feed.publisher(FILLER) as fill:
            for number in range(FILLINGS):
                await fill(number, FILLING_BYTES)
            await quiet(feed.pid)
            flowing, stuck = count_open(feed.port)
            if flowing != self._readers:
                raise AudienceError(f"{flowing} sockets flow, of which {self._readers} should.")
            self.stuck.append(stuck)
            yield


def compare(runner: asyncio.Runner, trial: Trial, rounds: int) -> dict[str, float]:
    def make_round(run: Callable) -> Callable[[], float]:
        return lambda: runner.run(run())

    try:
        runner.run(trial.open())
        sides = {f"beside {trial.stalled} stalled": trial.beside, "without": trial.without}
        return in_turns({name: make_round(run) for name, run in sides.items()}, rounds)
    finally:
        runner.run(trial.close())


async def quiet(pid: int) -> None:
    """Waits until a process does next to nothing, for 8 seconds at most."""
    deadline = asyncio.get_running_loop().time() + QUIET_SECONDS_MAX
    before = cpu_seconds(pid)
    while asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(QUIET_SECONDS)
        now = cpu_seconds(pid)
        if now - before < QUIET_CPU_SECONDS:
            return
        before = now


def count_open(port: int) -> tuple[int, int]:
    """Counts the open connections of a port: those that flow, and those whose peer takes nothing.

    A connection is stuck if the kernel holds bytes for it while the server is quiet.
    """
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    held = [
        int(queues.partition(":")[0], 16)
        for _, local, _, state, queues, *_ in rows
        if int(local.rpartition(":")[2], 16) == port and state == ESTABLISHED
    ]
    return held.count(0), len(held) - held.count(0)
