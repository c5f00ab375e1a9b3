"""Transactions that commit late: the row that was written first becomes visible last."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import asyncpg

from tests.faults.client import FaultClient
from tests.faults.history import History
from tests.faults.pace import Pace
from tests.faults.workload.worker import WorkloadWorker

SERVICE = "users"
TYPE = "faults.late"
OPEN_SECONDS = (0.05, 1.5)
CONNECT_SECONDS = 3.0
COMMAND_SECONDS = 8.0
PAUSE_SECONDS = (0.2, 1.0)
INSERT = f"""
    INSERT INTO {SERVICE}.outbox (id, type, category, level, subject, actor, request_id, time, data)
    VALUES ($1, '{TYPE}', 1, 2, $2, '', '', $3, $4) RETURNING sequence
"""
LOST = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


class LateWriter(WorkloadWorker):
    """Writes two events of one key: the first commits only after the second."""

    def __init__(
        self,
        seed: str,
        number: int,
        client: FaultClient,
        history: History,
        pace: Pace,
        url: str,
    ) -> None:
        super().__init__(seed, number, client, history, pace)
        self._url = url
        self._made = 0

    async def work(self) -> None:
        await self.pace.turn(2)
        self._made += 1
        key = f"late/{self._made}"
        try:
            async with asyncio.timeout(COMMAND_SECONDS):
                await self._write(key)
        except LOST:
            # Without acknowledgement the row may or may not exist.
            await self.wait_to_retry()
        await asyncio.sleep(self.rng.uniform(*PAUSE_SECONDS))

    async def _write(self, key: str) -> None:
        slow, quick = await connect(self._url), await connect(self._url)
        try:
            late = slow.transaction()
            await late.start()
            first = await self._insert(slow, key, 1)
            second = await self._insert(quick, key, 2)
            self.history.acknowledge(second)
            await asyncio.sleep(self.rng.uniform(*OPEN_SECONDS))
            await late.commit()
            self.history.acknowledge(first)
        finally:
            slow.terminate()
            quick.terminate()

    async def _insert(self, connection: Any, key: str, number: int) -> Any:
        event_id = self.uuid()
        operation = self.history.begin(key, "late", number=number, id=event_id)
        values = (event_id, key, datetime.now(UTC), f'{{"number": {number}}}')
        operation.values["sequence"] = await connection.fetchval(INSERT, *values)
        return operation


async def connect(url: str) -> Any:
    return await asyncpg.connect(url, timeout=CONNECT_SECONDS, command_timeout=COMMAND_SECONDS)
