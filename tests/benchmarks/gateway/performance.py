"""Performances: events spread one after the other, each when all have got the one before."""

import statistics
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.benchmarks.gateway.audience import Audience, AudienceError
from tests.benchmarks.gateway.stages import Publish, Stage
from tests.benchmarks.processes import cpu_seconds

FILLING = 200
EVENT_SECONDS = 20.0
WARM_UP_SECONDS = 1.0
WARM_UP_EVENTS_MAX = 60


class Performance:
    """An audience that gets events, which are numbered from 1."""

    def __init__(self, pid: int, audience: Audience, publish: Publish) -> None:
        self.times: list[int] = []
        self._pid = pid
        self._audience = audience
        self._publish = publish
        self._number = 0

    async def warm_up(self) -> None:
        """Publishes until everybody gets it: the last may have come a moment later.

        Raises:
            AudienceError: That never happens.
        """
        for _ in range(WARM_UP_EVENTS_MAX):
            try:
                await self._spread(WARM_UP_SECONDS)
            except AudienceError:
                continue
            return
        raise AudienceError("Not all sockets get events.")

    async def spread(self, events: int) -> list[int]:
        """Spreads events, and tells the nanoseconds of each delivery."""
        times: list[int] = []
        for _ in range(events):
            times += await self._spread(EVENT_SECONDS)
        self.times += times
        return times

    async def cost(self, events: int) -> float:
        """The server's CPU time for one delivery, in microseconds."""
        before = cpu_seconds(self._pid)
        times = await self.spread(events)
        return (cpu_seconds(self._pid) - before) / len(times) * 1e6

    async def _spread(self, seconds: float) -> list[int]:
        self._number += 1
        await self._publish(self._number, FILLING)
        return await self._audience.heard(self._number, seconds)


@asynccontextmanager
async def performing(stage: Stage) -> AsyncIterator[Performance]:
    async with Audience(stage.seats) as audience, stage.publisher() as publish:
        performance = Performance(stage.pid, audience, publish)
        await performance.warm_up()
        yield performance


def milliseconds(times: list[int], percent: int) -> float:
    """The percentile of times in nanoseconds."""
    return statistics.quantiles(times, n=100)[percent - 1] / 1e6
