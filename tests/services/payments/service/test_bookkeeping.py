import asyncio
from datetime import timedelta

import pytest

from services.kernel.errors import AlreadyExistsError, FailedPreconditionError
from services.payments.domain.payments import PaymentState
from services.payments.storage import payments as storage
from tests.services.payments.helpers import NOW, charge, published, reported_refund, rows

JOURNALS = "SELECT description FROM payments.journals ORDER BY create_time, description"


async def record(database, writer, one):
    async with database.transaction() as connection:
        return await writer.record_charge(connection, one)


async def test_a_charge_has_a_journal_and_an_event(database, writer, clock):
    paid = await record(database, writer, charge())
    assert (paid.state, paid.create_time, paid.pay_time) == (
        PaymentState.COMPLETED,
        clock.time,
        NOW,
    )
    assert [row.description for row in await rows(database, JOURNALS)] == ["payment"]
    (event,) = await rows(database, "SELECT type, subject, data FROM payments.outbox")
    assert (event.type, event.subject) == ("payment.completed", paid.name)
    assert event.data == {
        "amount": "100",
        "currency": "XTR",
        "user": "users/1",
        "telegramId": "42",
    }


async def test_a_repeated_charge_returns_the_first_payment(database, writer):
    first = await record(database, writer, charge())
    assert await record(database, writer, charge(user_name="users/2")) == first
    with pytest.raises(AlreadyExistsError):
        await record(database, writer, charge(amount=1))
    assert await published(database) == ["payment.completed"]


async def test_concurrent_reports_of_a_charge_wait_for_each_other(database, writer):
    async with database.transaction() as connection:
        first = await writer.record_charge(connection, charge())
        second = asyncio.create_task(record(database, writer, charge()))
        await asyncio.sleep(0.1)
        assert not second.done()
    assert await second == first


async def test_a_stored_refund_takes_effect_with_its_charge(database, writer):
    async with database.transaction() as connection:
        await storage.insert_early_refund(connection, reported_refund())
    paid = await record(database, writer, charge())
    assert (paid.state, paid.refund_time) == (PaymentState.REFUNDED, NOW)
    assert [row.description for row in await rows(database, JOURNALS)] == ["payment", "refund"]
    assert await published(database) == ["payment.completed", "payment.refunded"]
    assert await rows(database, "SELECT * FROM payments.early_refunds") == []


async def test_a_payment_is_refunded_once(database, writer, clock):
    paid = await record(database, writer, charge())
    clock.time += timedelta(hours=1)
    async with database.transaction() as connection:
        refunded = await writer.mark_refunded(connection, paid, NOW)
        assert await writer.mark_refunded(connection, refunded, clock.time) is refunded
    assert (refunded.refund_time, refunded.update_time) == (NOW, clock.time)
    assert await published(database) == ["payment.completed", "payment.refunded"]


async def test_a_refused_refund_writes_nothing(database, writer):
    paid = await record(database, writer, charge())
    async with database.transaction() as connection:
        failed = await storage.change_payment(
            connection, paid.id, NOW, state=int(PaymentState.FAILED)
        )
    with pytest.raises(FailedPreconditionError):
        async with database.transaction() as connection:
            await writer.mark_refunded(connection, failed, NOW)
    assert await published(database) == ["payment.completed"]
