"""Recording the charges and refunds that Telegram reports, and reading payments."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from services.kernel.clock import Clock
from services.kernel.database.database import Database
from services.kernel.errors import NotFoundError
from services.payments.domain.payments import (
    Charge,
    Payment,
    PaymentFilter,
    PaymentStats,
    Refund,
    Subscription,
    TimeCursor,
    check_charge,
    check_refund,
)
from services.payments.service.bookkeeping import PaymentWriter
from services.payments.storage import payments as storage


class PaymentService:
    """Records and reads payments. Days of the statistics begin at midnight in `zone`."""

    def __init__(
        self, database: Database, clock: Clock, writer: PaymentWriter, zone: ZoneInfo
    ) -> None:
        self._database = database
        self._clock = clock
        self._writer = writer
        self._zone = zone

    async def get_payment(self, payment_id: UUID) -> Payment:
        """Return a payment.

        Raises:
            NotFoundError: There is no such payment.
        """
        async with self._database.reading() as connection:
            payment = await storage.find_payment(connection, id=payment_id)
        if payment is None:
            raise NotFoundError("payment", f"payments/{payment_id}")
        return payment

    async def list_payments(
        self, wanted: PaymentFilter, before: TimeCursor | None, limit: int
    ) -> Sequence[Payment]:
        """Return at most `limit` payments, newest first, after the cursor `before`."""
        async with self._database.reading() as connection:
            return await storage.list_payments(connection, wanted, before, limit)

    async def read_stats(self) -> PaymentStats:
        """Return the totals of all payments and of today's."""
        now = self._clock.now()
        today = start_of_day(now, self._zone)
        async with self._database.reading() as connection:
            totals = await storage.sum_payments(connection, None)
            todays = await storage.sum_payments(connection, today)
        return PaymentStats(totals, todays, self._zone.key, now)

    async def list_subscriptions(
        self, before: TimeCursor | None, limit: int
    ) -> Sequence[Subscription]:
        async with self._database.reading() as connection:
            return await storage.list_subscriptions(connection, before, limit)

    async def record_charge(self, charge: Charge) -> Payment:
        """Record a charge once per charge id, and publish `payment.completed`.

        A refund that was reported before its charge takes effect in the same transaction.

        Raises:
            InvalidArgumentError: With every invalid field.
            AlreadyExistsError: The charge id was recorded with other content.
        """
        check_charge(charge)
        async with self._database.transaction() as connection:
            await storage.lock_charge(connection, charge.charge_id)
            return await self._writer.record_charge(connection, charge)

    async def record_refund(self, refund: Refund) -> Payment | None:
        """Record a refund once per charge id, and publish `payment.refunded`.

        Returns:
            The refunded payment, or None if its charge has not been reported yet.

        Raises:
            InvalidArgumentError: With every invalid field.
            FailedPreconditionError: The payment's state does not allow a refund.
        """
        check_refund(refund)
        async with self._database.transaction() as connection:
            # Without the lock, a concurrent record_charge could miss the refund.
            await storage.lock_charge(connection, refund.charge_id)
            await storage.insert_early_refund(connection, refund)
            payment = await storage.find_payment(connection, lock=True, charge_id=refund.charge_id)
            if payment is None:
                return None
            await storage.take_early_refund(connection, refund.charge_id)
            return await self._writer.mark_refunded(connection, payment, refund.refund_time)


def start_of_day(now: datetime, zone: ZoneInfo) -> datetime:
    """Return the midnight in `zone` at which the day of `now` began."""
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
