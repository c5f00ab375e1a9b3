"""Customers that start the bot, pay and are refunded, as updates of the webhook."""

import asyncio
from itertools import count
from typing import Any

from tests.fakes import botapi
from tests.faults.client import AWAY_STATUSES, FaultClient
from tests.faults.history import History, Operation
from tests.faults.pace import Pace
from tests.faults.workload.worker import WorkloadWorker

EVENTS = 4
DOUBLE, REORDER, REFUND = 0.3, 0.4, 0.4
REMEMBERED_MAX = 200
HOLD_SECONDS = 0.5
_updates = count(1)


class CustomerWorker(WorkloadWorker):
    """One customer after the other. Operations are keyed by the charge."""

    def __init__(
        self, seed: str, number: int, client: FaultClient, history: History, pace: Pace
    ) -> None:
        super().__init__(seed, number, client, history, pace)
        self._first = 1_000_000 * number
        self._made = 0
        self._held = False
        self._sent: list[dict[str, Any]] = []

    def hold(self, wait: bool) -> None:  # noqa: FBT001 - the only argument
        self._held = wait

    async def work(self) -> None:
        await self.pace.turn(EVENTS)
        if self._held:
            await asyncio.sleep(HOLD_SECONDS)
            return
        self._made += 1
        # Recent customers return at random.
        chat = self._first + self.rng.randint(max(1, self._made - 60), self._made)
        charge = f"charge-{self._first + self._made}"
        amount = self.rng.randint(1, 2500)
        updates = [
            self._update(
                "start", charge, botapi.command_update(next(_updates), "/start", chat), chat
            ),
            self._update(
                "pay",
                charge,
                botapi.payment_update(next(_updates), charge, amount, chat),
                chat,
                amount,
            ),
        ]
        if self.rng.random() < REFUND:
            refund = botapi.refund_update(next(_updates), charge, amount, chat)
            updates.append(self._update("refund", charge, refund, chat, amount))
        await self._deliver(updates)

    def _update(
        self, kind: str, charge: str, update: dict[str, Any], chat: int, amount: int = 0
    ) -> tuple[Operation, dict[str, Any]]:
        values = {"update": update["update_id"], "chat": chat, "amount": amount}
        return self.history.begin(charge, kind, **values), update

    async def _deliver(self, updates: list[tuple[Operation, dict[str, Any]]]) -> None:
        """Deliver updates like a network: some twice, some concurrently and out of order."""
        together = self.rng.random() < REORDER
        twice = [pair for pair in updates if self.rng.random() < DOUBLE]
        if together:
            pairs = updates + twice
            self.rng.shuffle(pairs)
            await asyncio.gather(*(self._send(*pair) for pair in pairs))
        else:
            for pair in updates + twice:
                await self._send(*pair)
        self._sent = (self._sent + [update for _, update in updates])[-REMEMBERED_MAX:]

    async def _send(self, operation: Operation, update: dict[str, Any]) -> None:
        while True:
            status = await self.client.post_update(update)
            if status == 200:
                self.history.acknowledge(operation)
                return
            self.history.record_attempt(operation, str(status))
            if status not in AWAY_STATUSES | {0}:
                self.history.record_unexpected(
                    operation.key, f"update {update['update_id']}: {status}"
                )
            await self.wait_to_retry()

    async def replay(self) -> int:
        """Deliver past updates once more, out of order. Return their number."""
        updates = list(self._sent)
        self.rng.shuffle(updates)
        await asyncio.gather(*(self.client.post_update(update) for update in updates))
        return len(updates)
