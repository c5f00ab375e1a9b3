"""Reading the ledger."""

from collections.abc import Sequence
from datetime import datetime

from services.kernel.clock import Clock
from services.kernel.database.database import Database
from services.kernel.errors import NotFoundError
from services.payments.domain.ledger import Account, Balance, LedgerEntry
from services.payments.storage import ledger as storage


class LedgerService:
    """Reads accounts, balances and entries."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def list_accounts(self, after: str, limit: int) -> Sequence[Account]:
        """Return accounts by code, from the first code above `after`."""
        async with self._database.reading() as connection:
            return await storage.list_accounts(connection, after, limit)

    async def read_balance(self, code: str, as_of: datetime | None) -> Balance:
        """Return the balance of an account at a time, or now if `as_of` is None.

        Raises:
            NotFoundError: There is no such account.
        """
        async with self._database.reading() as connection:
            account = require_account(await storage.find_account(connection, code), code)
            return await storage.read_balance(connection, account, as_of or self._clock.now())

    async def list_entries(
        self, code: str, before: int | None, limit: int
    ) -> tuple[Account, Sequence[LedgerEntry]]:
        """Return an account and its entries, newest first, with ids below `before`.

        Raises:
            NotFoundError: There is no such account.
        """
        async with self._database.reading() as connection:
            account = require_account(await storage.find_account(connection, code), code)
            return account, await storage.list_entries(connection, code, before, limit)


def require_account(account: Account | None, code: str) -> Account:
    if account is None:
        raise NotFoundError("account", f"accounts/{code}")
    return account
