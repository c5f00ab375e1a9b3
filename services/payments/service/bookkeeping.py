"""Changes of payments, each with its journal and its event."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from services.kernel.clock import Clock, new_id
from services.kernel.events.event import Category, NewEvent
from services.kernel.events.outbox import Outbox
from services.payments.domain.ledger import Journal, Posting, payment_postings, refund_postings
from services.payments.domain.payments import (
    Charge,
    Payment,
    PaymentState,
    check_same_charge,
    check_transition,
    completed_payment,
)
from services.payments.storage import ledger as ledger_storage
from services.payments.storage import payments as storage


class PaymentWriter:
    """Writes completed and refunded payments in the caller's transaction."""

    def __init__(self, outbox: Outbox, clock: Clock) -> None:
        self._outbox = outbox
        self._clock = clock

    async def record_charge(self, connection: AsyncConnection, charge: Charge) -> Payment:
        """Record a charge, or return the payment that its charge id already has.

        Raises:
            AlreadyExistsError: The charge id was recorded with other content.
        """
        payment = completed_payment(new_id(self._clock), charge, self._clock.now())
        if not await storage.insert_payment(connection, payment):
            known = await storage.find_payment(connection, charge_id=charge.charge_id)
            if known is None:
                raise AssertionError("A payment is never deleted.")
            check_same_charge(known, charge)
            return known
        await self._insert_journal(connection, payment, "payment", payment_postings(payment))
        await self._publish(connection, "payment.completed", payment)
        refund_time = await storage.take_early_refund(connection, charge.charge_id)
        if refund_time is not None:
            return await self.mark_refunded(connection, payment, refund_time)
        return payment

    async def mark_refunded(
        self, connection: AsyncConnection, payment: Payment, refund_time: datetime
    ) -> Payment:
        """Make a payment REFUNDED. Return one that is already REFUNDED unchanged.

        Raises:
            FailedPreconditionError: The payment's state does not allow a refund.
        """
        if payment.state == PaymentState.REFUNDED:
            return payment
        check_transition(payment.state, PaymentState.REFUNDED)
        refunded = await storage.change_payment(
            connection,
            payment.id,
            self._clock.now(),
            state=int(PaymentState.REFUNDED),
            refund_time=refund_time,
        )
        await self._insert_journal(connection, refunded, "refund", refund_postings(refunded))
        await self._publish(connection, "payment.refunded", refunded)
        return refunded

    async def _insert_journal(
        self,
        connection: AsyncConnection,
        payment: Payment,
        description: str,
        postings: Sequence[Posting],
    ) -> None:
        clock = self._clock
        journal = Journal(new_id(clock), payment, description, postings, clock.now())
        await ledger_storage.insert_journal(connection, journal)

    async def _publish(
        self, connection: AsyncConnection, event_type: str, payment: Payment
    ) -> None:
        event = NewEvent(
            event_type,
            Category.PAYMENT,
            subject=payment.name,
            data={
                "amount": str(payment.amount),
                "currency": payment.currency,
                "user": payment.user_name,
                "telegramId": str(payment.telegram_id),
            },
        )
        await self._outbox.publish(connection, event)
