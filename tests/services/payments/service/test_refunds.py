from datetime import timedelta
from uuid import UUID

import grpc
import pytest
from libral.payments.v1 import payments_pb2
from sqlalchemy import text

from services.kernel.errors import FailedPreconditionError, InvalidArgumentError, NotFoundError
from services.payments.adapters import TelegramClient
from services.payments.domain.payments import PaymentState
from services.payments.service.bookkeeping import PaymentWriter
from services.payments.service.refunds import RefundService
from services.payments.storage import payments as storage
from tests.services.payments.helpers import charge, published, stars

Payment = payments_pb2.Payment


@pytest.fixture
async def pending(payment_service, refund_service, database):
    """A payment whose refund was begun."""
    paid = await payment_service.record_charge(charge())
    async with database.transaction() as connection:
        return await refund_service.begin_refund(connection, paid.id)


async def test_begun_refund_is_finished_after_an_outage(payments, telegram, service):
    paid = await payments.RecordTelegramPayment(stars())
    telegram.failure = grpc.StatusCode.UNAVAILABLE
    async with service.kernel.database.transaction() as connection:
        await connection.execute(text("UPDATE payments.payments SET state = 4"))
    kernel = service.kernel
    client = TelegramClient(kernel.channels.get_channel(telegram.target))
    writer = PaymentWriter(kernel.outbox, kernel.clock)
    refunds = RefundService(kernel.database, kernel.clock, writer, client)
    async with kernel.database.reading() as connection:
        [pending] = await storage.list_pending_refunds(connection, 10)
    with pytest.raises(grpc.aio.AioRpcError):
        await refunds.complete_refund(pending.id)
    telegram.failure = None
    await refunds.complete_refund(pending.id)
    after = await payments.GetPayment(payments_pb2.GetPaymentRequest(name=paid.name))
    assert after.state == Payment.REFUNDED
    assert telegram.refunded == ["charge-1"]


async def test_a_refund_is_begun_before_telegram_is_called(pending, telegram, clock, database):
    assert (pending.state, pending.update_time) == (PaymentState.REFUND_PENDING, clock.time)
    assert telegram.refunded == []
    assert await published(database) == ["payment.completed"]


async def test_a_completed_refund_is_not_sent_again(pending, refund_service, telegram, database):
    refunded = await refund_service.complete_refund(pending.id)
    assert refunded.state == PaymentState.REFUNDED
    assert await refund_service.complete_refund(pending.id) == refunded
    assert telegram.refunded == ["charge-1"]
    assert await published(database) == ["payment.completed", "payment.refunded"]


@pytest.mark.parametrize(
    "code", [grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.INVALID_ARGUMENT]
)
async def test_a_refused_refund_leaves_the_payment_completed(
    pending, refund_service, payment_service, telegram, database, code
):
    telegram.failure = code
    with pytest.raises(FailedPreconditionError, match="BALANCE_TOO_LOW"):
        await refund_service.complete_refund(pending.id)
    assert (await payment_service.get_payment(pending.id)).state == PaymentState.COMPLETED
    assert await published(database) == ["payment.completed"]


async def test_payments_that_cannot_be_refunded(payment_service, refund_service, database):
    yen = await payment_service.record_charge(charge(currency="JPY"))
    async with database.transaction() as connection:
        with pytest.raises(InvalidArgumentError, match="Stars"):
            await refund_service.begin_refund(connection, yen.id)
        with pytest.raises(NotFoundError):
            await refund_service.begin_refund(connection, UUID(int=1))
    with pytest.raises(NotFoundError):
        await refund_service.complete_refund(UUID(int=1))


async def test_a_second_refund_of_a_payment_is_refused(pending, refund_service, database):
    with pytest.raises(FailedPreconditionError) as failure:
        async with database.transaction() as connection:
            await refund_service.begin_refund(connection, pending.id)
    assert failure.value.reason == "STATE_NOT_ALLOWED"


async def test_pending_refunds_are_completed_whatever_happens_to_others(
    payment_service, refund_service, telegram, database, clock
):
    ids = []
    for number in range(3):
        paid = await payment_service.record_charge(charge(f"charge-{number}"))
        clock.time += timedelta(seconds=1)
        async with database.transaction() as connection:
            await refund_service.begin_refund(connection, paid.id)
        ids.append(paid.id)
    telegram.refusals["charge-0"] = grpc.StatusCode.UNAVAILABLE
    telegram.refusals["charge-1"] = grpc.StatusCode.FAILED_PRECONDITION
    await refund_service.complete_pending_refunds()
    states = [(await payment_service.get_payment(one)).state for one in ids]
    assert states == [PaymentState.REFUND_PENDING, PaymentState.COMPLETED, PaymentState.REFUNDED]
    telegram.refusals.clear()
    await refund_service.complete_pending_refunds()
    assert telegram.refunded == ["charge-2", "charge-0"]
