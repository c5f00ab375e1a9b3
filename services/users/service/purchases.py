"""Use cases of purchases: add payments and refunds, and list the sums of a user."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.kernel.database.database import Database
from services.users.domain.purchases import PaymentEvent, Purchase
from services.users.service.accounts import user_not_found
from services.users.storage import purchases as storage
from services.users.storage.accounts import find_telegram_user, find_user


class PurchaseService:
    """Keeps the purchases of users by currency."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_purchases(self, user_id: UUID, after: str, limit: int) -> Sequence[Purchase]:
        """Return at most `limit` purchases by currency, from the first currency after `after`.

        Raises:
            NotFoundError: There is no such user and no purchase of such a user.
        """
        async with self._database.reading() as connection:
            found = await storage.list_purchases(connection, user_id, after, limit)
            if not found and await find_user(connection, user_id) is None:
                raise user_not_found(user_id)
        return found

    async def add_payment(self, connection: AsyncConnection, payment: PaymentEvent) -> None:
        buyer = await find_buyer(connection, payment)
        purchase = Purchase(buyer, payment.currency, payment_count=1, paid_amount=payment.amount)
        await storage.add_purchase(connection, purchase)

    async def add_refund(self, connection: AsyncConnection, payment: PaymentEvent) -> None:
        buyer = await find_buyer(connection, payment)
        purchase = Purchase(buyer, payment.currency, refund_count=1, refunded_amount=payment.amount)
        await storage.add_purchase(connection, purchase)


async def find_buyer(connection: AsyncConnection, payment: PaymentEvent) -> UUID:
    """Return the user id of a payment. Such an account need not exist.

    A payment without a user belongs to the account with its Telegram id.

    Raises:
        ValueError: No account has the Telegram id.
    """
    if payment.user_id is not None:
        return payment.user_id
    buyer = await find_telegram_user(connection, payment.telegram_id or 0)
    if buyer is None:
        raise ValueError(f"{payment.subject} has no known buyer.")
    return buyer
