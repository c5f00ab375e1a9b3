"""Services that append to the log over gRPC, alternating between both events processes."""

from datetime import UTC, datetime

import grpc
from libral.events.v1 import events_pb2

from tests.faults.client import AWAY_CODES, FaultClient
from tests.faults.history import History
from tests.faults.pace import Pace
from tests.faults.workload.worker import WorkloadWorker

BATCH_MAX = 10
KEYS = 20


class AppendClient(WorkloadWorker):
    """Appends numbered events to its keys, each batch until it is acknowledged."""

    def __init__(
        self,
        seed: str,
        number: int,
        client: FaultClient,
        history: History,
        pace: Pace,
        targets: tuple[str, str],
    ) -> None:
        super().__init__(seed, number, client, history, pace)
        self._targets = targets
        self._next: dict[str, int] = {}

    async def work(self) -> None:
        key = f"keys/{self.number}-{self.rng.randrange(KEYS)}"
        number = self.rng.randint(1, BATCH_MAX)
        await self.pace.turn(number)
        first = self._next.get(key, 1)
        self._next[key] = first + number
        events = [self._event(key, n) for n in range(first, first + number)]
        ids = [event.id for event in events]
        operation = self.history.begin(key, "append", first=first, ids=ids)
        target = self.rng.randrange(2)
        while True:
            try:
                positions = await self.client.append(self._targets[target], events)
            except grpc.aio.AioRpcError as error:
                code = error.code()
                self.history.record_attempt(operation, f"{code.name} of process {target + 1}")
                if code not in AWAY_CODES:
                    text = f"append: {code.name} {error.details()}"
                    self.history.record_unexpected(key, text)
                await self.wait_to_retry()
                target = 1 - target
            else:
                operation.values["positions"] = positions
                self.history.acknowledge(operation, f"ok of process {target + 1}")
                return

    def _event(self, key: str, number: int) -> events_pb2.Event:
        event = events_pb2.Event(
            id=self.uuid(),
            type="faults.appended",
            source="faults",
            subject=key,
            category=events_pb2.Event.SYSTEM,
        )
        event.time.FromDatetime(datetime.now(UTC))
        event.data.update({"number": number})
        return event
