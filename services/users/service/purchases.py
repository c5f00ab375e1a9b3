"""Use cases of purchases: sum up payments and refunds, list what a user bought."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.kernel.database.database import Database
from services.users.domain.purchases import Payment, Purchase
from services.users.service.accounts import not_found
from services.users.storage import purchases as storage
from services.users.storage.accounts import find_telegram_user, find_user


class Purchases:
    """What each user bought, by currency."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_purchases(self, user_id: UUID, after: str, limit: int) -> Sequence[Purchase]:
        """Return at most `limit` purchases in currencies after `after`, in their order.

        Raises:
            NotFoundError: There is no such user, and no purchase of one.
        """
        async with self._database.reading() as connection:
            found = await storage.list_purchases(connection, user_id, after, limit)
            if not found and await find_user(connection, user_id) is None:
                raise not_found(user_id)
        return found

    async def add_payment(self, connection: AsyncConnection, payment: Payment) -> None:
        buyer = await find_buyer(connection, payment)
        purchase = Purchase(buyer, payment.currency, payment_count=1, paid_amount=payment.amount)
        await storage.add_purchase(connection, purchase)

    async def add_refund(self, connection: AsyncConnection, payment: Payment) -> None:
        buyer = await find_buyer(connection, payment)
        purchase = Purchase(buyer, payment.currency, refund_count=1, refunded_amount=payment.amount)
        await storage.add_purchase(connection, purchase)


async def find_buyer(connection: AsyncConnection, payment: Payment) -> UUID:
    """Return the user of a payment, which need not have an account here.

    A payment without a user belongs to the account with its Telegram id.

    Raises:
        ValueError: There is no such account.
    """
    if payment.user_id is not None:
        return payment.user_id
    buyer = await find_telegram_user(connection, payment.telegram_id or 0)
    if buyer is None:
        raise ValueError(f"{payment.subject} is of nobody who is known here.")
    return buyer
