"""Customers, who start the bot, pay and are refunded: updates of the webhook."""

import asyncio
from itertools import count
from typing import Any

from tests.fakes import botapi
from tests.faults.client import AWAY_STATUSES, Client
from tests.faults.history import History, Operation
from tests.faults.pace import Pace
from tests.faults.workload.worker import Worker

EVENTS = 4
DOUBLE, REORDER, REFUND = 0.3, 0.4, 0.4
REMEMBERED_MAX = 200
HOLD_SECONDS = 0.5
_updates = count(1)


class Customers(Worker):
    """One customer after the other: what comes of it is keyed by the charge."""

    def __init__(
        self, seed: str, number: int, client: Client, history: History, pace: Pace
    ) -> None:
        super().__init__(seed, number, client, history, pace)
        self._first = 1_000_000 * number
        self._made = 0
        self._held = False
        self._sent: list[dict[str, Any]] = []

    def hold(self, wait: bool) -> None:  # noqa: FBT001 - it is the one thing it is told
        self._held = wait

    async def work(self) -> None:
        await self.pace.turn(EVENTS)
        if self._held:
            await asyncio.sleep(HOLD_SECONDS)
            return
        self._made += 1
        # Every third time somebody comes back.
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
        """Delivers updates as a network may: some twice, some all at once and out of order."""
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
            self.history.tried(operation, str(status))
            if status not in AWAY_STATUSES | {0}:
                self.history.surprise(operation.key, f"update {update['update_id']}: {status}")
            await self.wait_to_retry()

    async def replay(self) -> int:
        """Delivers again, once and out of order, what was delivered before. Tells how many."""
        updates = list(self._sent)
        self.rng.shuffle(updates)
        await asyncio.gather(*(self.client.post_update(update) for update in updates))
        return len(updates)
