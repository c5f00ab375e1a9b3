"""The rate of the workload: events a second on average, with bounded bursts."""

import asyncio
import time

BURST_SECONDS = 20.0
WAIT_SECONDS = 0.02


class Pace:
    """A token bucket. After an outage it allows a bounded burst."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._budget = 0.0
        self._filled = time.monotonic()

    async def turn(self, events: int) -> None:
        """Wait until `events` more events are allowed."""
        while True:
            now = time.monotonic()
            self._budget += (now - self._filled) * self._rate
            self._budget = min(self._budget, self._rate * BURST_SECONDS)
            self._filled = now
            if self._budget >= events:
                self._budget -= events
                return
            await asyncio.sleep(WAIT_SECONDS)
