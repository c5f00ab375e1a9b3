"""The workload: requests of customers, operators and services, drawn from a seed."""

import asyncio
from typing import Any

from tests.faults.client import FaultClient
from tests.faults.history import History
from tests.faults.mesh import FaultMesh
from tests.faults.pace import Pace
from tests.faults.tasks import cancel_tasks
from tests.faults.workload.appends import AppendClient
from tests.faults.workload.customers import CustomerWorker
from tests.faults.workload.late import LateWriter
from tests.faults.workload.operators import OperatorWorker
from tests.faults.workload.worker import WorkloadWorker


class Workload:
    """All workers. Each finishes its current operation before it ends."""

    def __init__(
        self, seed: int, mesh: FaultMesh, client: FaultClient, history: History, rate: float
    ) -> None:
        def workers(kind: type[WorkloadWorker], number: int, share: float, *more: Any) -> list[Any]:
            pace = Pace(rate * share)
            return [
                kind(f"{seed}/{kind.__name__}/{n}", n, client, history, pace, *more)
                for n in range(1, number + 1)
            ]

        self.customers: list[CustomerWorker] = workers(CustomerWorker, 3, 0.2)
        self._workers: list[WorkloadWorker] = [
            *self.customers,
            *workers(OperatorWorker, 4, 0.3),
            *workers(AppendClient, 3, 0.45, mesh.events_targets),
            *workers(LateWriter, 1, 0.05, mesh.database_url),
        ]
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(worker.run()) for worker in self._workers]

    def check(self) -> None:
        """Raise the exception of a failed worker, if there is one."""
        for task in self._tasks:
            if task.done():
                task.result()

    def hold(self, wait: bool) -> None:  # noqa: FBT001 - the only argument
        """Pause or resume the customers."""
        for worker in self.customers:
            worker.hold(wait)

    async def finish(self, seconds: float) -> None:
        """Let every worker finish its operation, at most `seconds`."""
        for worker in self._workers:
            worker.leave()
        await asyncio.wait(self._tasks, timeout=seconds)
        self.check()

    async def stop(self) -> None:
        await cancel_tasks(self._tasks)
