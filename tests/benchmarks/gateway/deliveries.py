"""Measured deliveries: events published one by one, each after the delivery of the last."""

import statistics
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.benchmarks.gateway.fanout_servers import FanoutServer, Publish
from tests.benchmarks.gateway.subscribers import DeliveryError, SubscriberProcess
from tests.benchmarks.processes import cpu_seconds

FILLING = 200
EVENT_SECONDS = 20.0
WARM_UP_SECONDS = 1.0
WARM_UP_EVENTS_MAX = 60


class DeliveryMeasurement:
    """Publishes events, numbered from 1, and measures their delivery."""

    def __init__(self, pid: int, subscribers: SubscriberProcess, publish: Publish) -> None:
        self.times: list[int] = []
        self._pid = pid
        self._subscribers = subscribers
        self._publish = publish
        self._number = 0

    async def warm_up(self) -> None:
        """Publish until an event reaches all sockets, whose subscriptions may start late.

        Raises:
            DeliveryError: No event reached all sockets.
        """
        for _ in range(WARM_UP_EVENTS_MAX):
            try:
                await self._spread(WARM_UP_SECONDS)
            except DeliveryError:
                continue
            return
        raise DeliveryError("Not all sockets get events.")

    async def spread(self, events: int) -> list[int]:
        """Publish events. Return the nanoseconds of each delivery."""
        times: list[int] = []
        for _ in range(events):
            times += await self._spread(EVENT_SECONDS)
        self.times += times
        return times

    async def cost(self, events: int) -> float:
        """Return the server's CPU time for one delivery, in microseconds."""
        before = cpu_seconds(self._pid)
        times = await self.spread(events)
        return (cpu_seconds(self._pid) - before) / len(times) * 1e6

    async def _spread(self, seconds: float) -> list[int]:
        self._number += 1
        await self._publish(self._number, FILLING)
        return await self._subscribers.wait_for_event(self._number, seconds)


@asynccontextmanager
async def open_measurement(server: FanoutServer) -> AsyncIterator[DeliveryMeasurement]:
    async with SubscriberProcess(server.settings) as subscribers, server.publisher() as publish:
        measurement = DeliveryMeasurement(server.pid, subscribers, publish)
        await measurement.warm_up()
        yield measurement


def milliseconds(times: list[int], percent: int) -> float:
    """Return a percentile of times in nanoseconds, in milliseconds."""
    return statistics.quantiles(times, n=100)[percent - 1] / 1e6
