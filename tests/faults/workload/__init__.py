"""The workload: what customers, operators and services ask of the mesh, from a seed."""

import asyncio
from typing import Any

from tests.faults.client import Client
from tests.faults.history import History
from tests.faults.mesh import Mesh
from tests.faults.pace import Pace
from tests.faults.tasks import end
from tests.faults.workload.appends import Appender
from tests.faults.workload.customers import Customers
from tests.faults.workload.late import LateWriter
from tests.faults.workload.operators import Operator
from tests.faults.workload.worker import Worker


class Workload:
    """All workers. Each finishes what it began before it ends."""

    def __init__(
        self, seed: int, mesh: Mesh, client: Client, history: History, rate: float
    ) -> None:
        def workers(kind: type[Worker], number: int, share: float, *more: Any) -> list[Any]:
            pace = Pace(rate * share)
            return [
                kind(f"{seed}/{kind.__name__}/{n}", n, client, history, pace, *more)
                for n in range(1, number + 1)
            ]

        self.customers: list[Customers] = workers(Customers, 3, 0.2)
        self._workers: list[Worker] = [
            *self.customers,
            *workers(Operator, 4, 0.3),
            *workers(Appender, 3, 0.45, mesh.logs_targets),
            *workers(LateWriter, 1, 0.05, mesh.database_url),
        ]
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(worker.run()) for worker in self._workers]

    def check(self) -> None:
        """Raises what ended a worker, if anything did."""
        for task in self._tasks:
            if task.done():
                task.result()

    def hold(self, wait: bool) -> None:  # noqa: FBT001 - it is the one thing it is told
        """Has customers wait, or go on."""
        for worker in self.customers:
            worker.hold(wait)

    async def finish(self, seconds: float) -> None:
        """Lets every worker finish its operation, for so long."""
        for worker in self._workers:
            worker.leave()
        await asyncio.wait(self._tasks, timeout=seconds)
        self.check()

    async def stop(self) -> None:
        await end(self._tasks)
