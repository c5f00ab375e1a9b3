"""Refunds by operators: begun in one transaction, completed after Telegram has refunded."""

from uuid import UUID

import grpc
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kernel.clock import Clock
from services.kernel.database.database import Database
from services.kernel.errors import FailedPreconditionError, NotFoundError
from services.payments.adapters import TelegramClient
from services.payments.domain.payments import Payment, PaymentState, check_refundable
from services.payments.service.bookkeeping import PaymentWriter
from services.payments.storage import payments as storage

BATCH_SIZE = 100

log = structlog.get_logger()


class RefundService:
    """Refunds payments in Stars through the telegram service."""

    def __init__(
        self, database: Database, clock: Clock, writer: PaymentWriter, telegram: TelegramClient
    ) -> None:
        self._database = database
        self._clock = clock
        self._writer = writer
        self._telegram = telegram

    async def begin_refund(self, connection: AsyncConnection, payment_id: UUID) -> Payment:
        """Make a payment REFUND_PENDING in the caller's transaction.

        Raises:
            NotFoundError: There is no such payment.
            FailedPreconditionError: Its state does not allow a refund.
            InvalidArgumentError: It was not paid in Stars.
        """
        payment = await storage.find_payment(connection, lock=True, id=payment_id)
        if payment is None:
            raise payment_not_found(payment_id)
        check_refundable(payment)
        return await storage.change_payment(
            connection, payment_id, self._clock.now(), state=int(PaymentState.REFUND_PENDING)
        )

    async def complete_refund(self, payment_id: UUID) -> Payment:
        """Send a begun refund to Telegram, and return the payment.

        A payment in any other state is returned as it is.

        Raises:
            FailedPreconditionError: Telegram refuses; the payment is COMPLETED again.
            AioRpcError: Telegram is unavailable; the payment stays REFUND_PENDING.
        """
        async with self._database.reading() as connection:
            payment = await storage.find_payment(connection, id=payment_id)
        if payment is None:
            raise payment_not_found(payment_id)
        if payment.state != PaymentState.REFUND_PENDING:
            return payment
        try:
            await self._telegram.refund_stars(payment)
        except FailedPreconditionError:
            await self._cancel_refund(payment_id)
            raise
        async with self._database.transaction() as connection:
            current = await storage.find_payment(connection, lock=True, id=payment_id)
            if current is None:
                raise AssertionError("A payment is never deleted.")
            return await self._writer.mark_refunded(connection, current, self._clock.now())

    async def complete_pending_refunds(self) -> None:
        """Complete at most 100 refunds that were begun and not completed. Log failures."""
        async with self._database.reading() as connection:
            pending = await storage.list_pending_refunds(connection, BATCH_SIZE)
        for payment in pending:
            try:
                await self.complete_refund(payment.id)
            except (grpc.aio.AioRpcError, FailedPreconditionError) as error:
                log.warning("refund.pending", payment=payment.name, error=str(error)[:200])

    async def _cancel_refund(self, payment_id: UUID) -> None:
        async with self._database.transaction() as connection:
            current = await storage.find_payment(connection, lock=True, id=payment_id)
            if current is not None and current.state == PaymentState.REFUND_PENDING:
                await storage.change_payment(
                    connection, payment_id, self._clock.now(), state=int(PaymentState.COMPLETED)
                )


def payment_not_found(payment_id: UUID) -> NotFoundError:
    return NotFoundError("payment", f"payments/{payment_id}")
