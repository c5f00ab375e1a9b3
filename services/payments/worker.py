"""Writes payments and refunds down, each once, and finishes refunds that were begun."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

import grpc
import structlog
from libral.telegram.v1 import telegram_pb2, telegram_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kernel.clock import new_id
from services.kernel.errors import FailedPreconditionError
from services.kernel.events.event import Category, NewEvent
from services.kernel.server import Kernel
from services.kernel.status import reason_of
from services.payments import storage
from services.payments.domain import (
    Payment,
    Posting,
    State,
    check_same,
    check_transition,
    payment_postings,
    refund_postings,
)

RESUME_SECONDS = 10.0
BATCH = 100
FINAL_CODES = frozenset({grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.INVALID_ARGUMENT})

log = structlog.get_logger()


class Bookkeeper:
    """The one place that changes payments and writes journals."""

    def __init__(self, kernel: Kernel, telegram: grpc.aio.Channel) -> None:
        self._kernel = kernel
        self._telegram = telegram_pb2_grpc.TelegramServiceStub(telegram)

    async def record(self, connection: AsyncConnection, told: Payment) -> Payment:
        """Records a completed payment, or returns the one that its charge has already."""
        if not await storage.insert_payment(connection, told):
            known = await storage.find_payment(connection, charge_id=told.charge_id)
            if known is None:
                raise AssertionError("The charge is known and is not there.")
            check_same(known, told)
            return known
        postings = payment_postings(told)
        await self._write(connection, told, "payment", postings)
        await self._publish(connection, "payment.completed", told)
        refund_time = await storage.take_early_refund(connection, told.charge_id)
        if refund_time is not None:
            return await self.refunded(connection, told, refund_time)
        return told

    async def refunded(
        self, connection: AsyncConnection, payment: Payment, refund_time: datetime
    ) -> Payment:
        """Makes a payment REFUNDED, with its journal and event. One that is so already stays."""
        if payment.state == State.REFUNDED:
            return payment
        check_transition(payment.state, State.REFUNDED)
        after = await storage.change_payment(
            connection,
            payment.id,
            self._kernel.clock.now(),
            state=int(State.REFUNDED),
            refund_time=refund_time,
        )
        await self._write(connection, after, "refund", refund_postings(after))
        await self._publish(connection, "payment.refunded", after)
        return after

    async def finish_refund(self, payment: Payment) -> Payment:
        """Asks Telegram for a refund that was begun. Refused, the payment is COMPLETED again.

        Raises:
            FailedPreconditionError: Telegram refuses.
            AioRpcError: Telegram is away; the refund stays begun and is tried again.
        """
        request = telegram_pb2.RefundStarsRequest(
            telegram_id=payment.telegram_id, telegram_charge_id=payment.charge_id
        )
        try:
            await self._telegram.RefundStars(request)
        except grpc.aio.AioRpcError as error:
            if error.code() not in FINAL_CODES:
                raise
            await self._give_up(payment)
            raise FailedPreconditionError(
                reason_of(error) or "REFUND_REFUSED",
                f"Telegram refused the refund: {error.details()}",
                localized="Telegramが返金を受け付けませんでした。",
            ) from None
        async with self._kernel.database.transaction() as connection:
            current = await storage.find_payment(connection, lock=True, id=payment.id)
            if current is None:
                raise AssertionError("A payment is never deleted.")
            return await self.refunded(connection, current, self._kernel.clock.now())

    async def run(self) -> None:
        """Finishes refunds that a crash or an outage left begun."""
        while True:
            async with self._kernel.database.reading() as connection:
                pending = await storage.list_refunds_pending(connection, BATCH)
            for payment in pending:
                try:
                    await self.finish_refund(payment)
                except (grpc.aio.AioRpcError, FailedPreconditionError) as error:
                    log.warning("refund.pending", payment=payment.name, error=str(error)[:200])
            await asyncio.sleep(RESUME_SECONDS)

    async def _give_up(self, payment: Payment) -> None:
        async with self._kernel.database.transaction() as connection:
            current = await storage.find_payment(connection, lock=True, id=payment.id)
            if current is not None and current.state == State.REFUND_PENDING:
                now = self._kernel.clock.now()
                await storage.change_payment(
                    connection, payment.id, now, state=int(State.COMPLETED)
                )

    async def _write(
        self,
        connection: AsyncConnection,
        payment: Payment,
        description: str,
        postings: Sequence[Posting],
    ) -> None:
        clock = self._kernel.clock
        await storage.write_journal(
            connection,
            new_id(clock),
            payment,
            description,
            postings,
            clock.now(),
        )

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
        await self._kernel.outbox.publish(connection, event)
