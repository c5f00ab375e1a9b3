import asyncio
from contextlib import asynccontextmanager

import grpc
import pytest

from services.kernel.server import end_tasks
from services.payments import workers
from services.payments.domain.payments import PaymentState
from services.payments.workers import RefundWorker
from tests.services.helpers import eventually
from tests.services.payments.helpers import charge, published


@pytest.fixture
def running(refund_service, monkeypatch):
    """Run a RefundWorker that checks often."""
    monkeypatch.setattr(workers, "INTERVAL_SECONDS", 0.02)

    @asynccontextmanager
    async def run():
        task = asyncio.create_task(RefundWorker(refund_service).run())
        yield task
        # As the kernel does: asyncpg swallows a cancellation now and then.
        await end_tasks([task])

    return run


@pytest.fixture
def begin(payment_service, refund_service, database):
    async def begin(charge_id: str):
        paid = await payment_service.record_charge(charge(charge_id))
        async with database.transaction() as connection:
            return await refund_service.begin_refund(connection, paid.id)

    return begin


@pytest.fixture
def reaches(payment_service):
    """Wait until a payment is in a state."""

    async def wait(payment, state: PaymentState) -> None:
        async def holds() -> bool:
            return (await payment_service.get_payment(payment.id)).state == state

        await eventually(holds)

    return wait


async def test_refunds_begun_before_and_during_its_run_are_completed(
    running, begin, reaches, telegram, database
):
    before = await begin("charge-1")
    async with running():
        await reaches(before, PaymentState.REFUNDED)
        during = await begin("charge-2")
        await reaches(during, PaymentState.REFUNDED)
        await asyncio.sleep(0.1)
    assert telegram.refunded == ["charge-1", "charge-2"]
    assert (await published(database)).count("payment.refunded") == 2


async def test_a_refund_is_tried_until_telegram_is_available(running, begin, reaches, telegram):
    telegram.failure = grpc.StatusCode.UNAVAILABLE
    pending = await begin("charge-1")
    async with running() as task:
        await asyncio.sleep(0.2)
        assert not task.done()
        await reaches(pending, PaymentState.REFUND_PENDING)
        telegram.failure = None
        await reaches(pending, PaymentState.REFUNDED)


async def test_a_refused_refund_is_tried_once(running, begin, reaches, telegram):
    telegram.failure = grpc.StatusCode.FAILED_PRECONDITION
    pending = await begin("charge-1")
    async with running():
        await reaches(pending, PaymentState.COMPLETED)
        telegram.failure = None
        await asyncio.sleep(0.1)
    assert telegram.refunded == []


async def test_two_workers_refund_a_payment_once(running, begin, reaches, database):
    pending = await begin("charge-1")
    async with running(), running():
        await reaches(pending, PaymentState.REFUNDED)
        await asyncio.sleep(0.1)
    assert await published(database) == ["payment.completed", "payment.refunded"]
