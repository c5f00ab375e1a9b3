"""The base of all workers: repeat operations, with retries, until asked to leave."""

import asyncio
import random

from tests.faults.client import FaultClient
from tests.faults.history import History
from tests.faults.pace import Pace

RETRY_SECONDS = (0.05, 1.0)


class WorkloadWorker:
    """Performs one operation after the other, each until it is acknowledged."""

    def __init__(
        self, seed: str, number: int, client: FaultClient, history: History, pace: Pace
    ) -> None:
        self.rng = random.Random(seed)
        self.number = number
        self.client = client
        self.history = history
        self.pace = pace
        self._leaving = False

    def leave(self) -> None:
        self._leaving = True

    async def run(self) -> None:
        while not self._leaving:
            await self.work()

    async def work(self) -> None:
        raise NotImplementedError

    async def wait_to_retry(self) -> None:
        await asyncio.sleep(self.rng.uniform(*RETRY_SECONDS))

    def uuid(self) -> str:
        """Return a UUID drawn from the seed."""
        value = self.rng.getrandbits(128)
        value = value & ~(0xF << 76) | (4 << 76)
        value = value & ~(0x3 << 62) | (2 << 62)
        text = f"{value:032x}"
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
