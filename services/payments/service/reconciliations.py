"""Comparing the ledger with Telegram's statement."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.kernel.clock import Clock, new_id
from services.kernel.database.database import Database
from services.payments.adapters import TelegramClient
from services.payments.domain.payments import TimeCursor
from services.payments.domain.reconciliations import (
    DIFFERENCES_MAX,
    Reconciliation,
    compare_statement,
)
from services.payments.storage import reconciliations as storage


class ReconciliationService:
    """Makes, stores and lists reconciliations."""

    def __init__(self, database: Database, clock: Clock, telegram: TelegramClient) -> None:
        self._database = database
        self._clock = clock
        self._telegram = telegram

    async def compare_now(self) -> Reconciliation:
        """Compare the ledger with the current statement. Return the result without storing it.

        Raises:
            FailedPreconditionError: Telegram refuses the statement.
            AioRpcError: The telegram service or Telegram is unavailable.
        """
        statement = [one async for one in self._telegram.star_transactions()]
        async with self._database.reading() as connection:
            payments = await storage.read_star_payments(connection)
        return Reconciliation(
            id=new_id(self._clock),
            create_time=self._clock.now(),
            transaction_count=len(statement),
            differences=compare_statement(statement, payments)[:DIFFERENCES_MAX],
        )

    async def store_reconciliation(
        self, connection: AsyncConnection, result: Reconciliation
    ) -> None:
        """Store a comparison in the caller's transaction."""
        await storage.insert_reconciliation(connection, result)

    async def list_reconciliations(
        self, before: TimeCursor | None, limit: int
    ) -> Sequence[Reconciliation]:
        async with self._database.reading() as connection:
            return await storage.list_reconciliations(connection, before, limit)
