import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from services.payments.domain.payments import PaymentFilter, PaymentState, PaymentTotal, TimeCursor
from services.payments.storage import payments as storage
from tests.services.payments.helpers import NOW, payment, reported_refund


def numbered(number: int, **fields):
    values = {
        "id": UUID(int=number),
        "charge_id": f"charge-{number}",
        "create_time": NOW + timedelta(seconds=number),
    }
    return payment(**(values | fields))


@pytest.fixture
def insert(database):
    async def insert(*payments) -> None:
        async with database.transaction() as connection:
            for one in payments:
                assert await storage.insert_payment(connection, one)

    return insert


async def test_a_payment_is_read_as_it_was_written(database, insert):
    one = numbered(1, refund_time=NOW, subscription_expire_time=NOW, recurring=True)
    await insert(one)
    async with database.reading() as connection:
        assert await storage.find_payment(connection, id=one.id) == one
        assert await storage.find_payment(connection, charge_id="charge-1") == one
        assert await storage.find_payment(connection, charge_id="charge") is None


async def test_a_charge_is_locked_until_commit(database):
    async def lock(charge_id: str) -> None:
        async with database.transaction() as connection:
            await storage.lock_charge(connection, charge_id)

    async with database.transaction() as connection:
        await storage.lock_charge(connection, "charge-1")
        await lock("charge-2")
        waiting = asyncio.create_task(lock("charge-1"))
        await asyncio.sleep(0.1)
        assert not waiting.done()
    await waiting


async def test_a_charge_id_is_inserted_once(database, insert):
    await insert(numbered(1))
    async with database.transaction() as connection:
        again = numbered(2, charge_id="charge-1")
        assert not await storage.insert_payment(connection, again)


async def test_a_change_sets_the_update_time(database, insert):
    await insert(numbered(1))
    later = NOW + timedelta(days=1)
    async with database.transaction() as connection:
        changed = await storage.change_payment(connection, UUID(int=1), later, state=4)
    assert changed == numbered(1, state=PaymentState.REFUND_PENDING, update_time=later)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (PaymentFilter(), [3, 2, 1]),
        (PaymentFilter(state=PaymentState.REFUNDED), [2]),
        (PaymentFilter(currency="JPY"), [3]),
        (PaymentFilter(user_name="users/2"), [3]),
        (PaymentFilter(charge_id_prefix="charge-1"), [1]),
        (PaymentFilter(charge_id_prefix="charge_"), []),
        (PaymentFilter(start_time=NOW + timedelta(seconds=2)), [3, 2]),
        (PaymentFilter(end_time=NOW + timedelta(seconds=2)), [1]),
        (PaymentFilter(currency="XTR", state=PaymentState.COMPLETED), [1]),
    ],
)
async def test_filters(database, insert, wanted, found):
    await insert(
        numbered(1),
        numbered(2, state=PaymentState.REFUNDED),
        numbered(3, currency="JPY", user_name="users/2"),
    )
    async with database.reading() as connection:
        listed = await storage.list_payments(connection, wanted, None, 10)
    assert [one.id.int for one in listed] == found


async def test_pages_go_on_behind_the_cursor(database, insert):
    same_time = NOW + timedelta(seconds=9)
    await insert(*(numbered(number, create_time=same_time) for number in range(1, 4)))
    async with database.reading() as connection:
        first = await storage.list_payments(connection, PaymentFilter(), None, 2)
        cursor = TimeCursor(first[-1].create_time, first[-1].id)
        rest = await storage.list_payments(connection, PaymentFilter(), cursor, 2)
    assert [one.id.int for one in first + rest] == [3, 2, 1]


async def test_pending_refunds_come_longest_waiting_first(database, insert):
    await insert(
        numbered(1),
        numbered(2, state=PaymentState.REFUND_PENDING, update_time=NOW + timedelta(hours=1)),
        numbered(3, state=PaymentState.REFUND_PENDING),
    )
    async with database.reading() as connection:
        found = await storage.list_pending_refunds(connection, 10)
        assert [one.id.int for one in found] == [3, 2]
        assert len(await storage.list_pending_refunds(connection, 1)) == 1


async def test_totals_by_currency_and_state(database, insert):
    await insert(
        numbered(1, amount=10),
        numbered(2, amount=20, pay_time=NOW + timedelta(days=1)),
        numbered(3, amount=5, state=PaymentState.REFUNDED),
        numbered(4, amount=1, currency="JPY"),
    )
    async with database.reading() as connection:
        assert await storage.sum_payments(connection, None) == [
            PaymentTotal(PaymentState.COMPLETED, "JPY", 1, 1),
            PaymentTotal(PaymentState.COMPLETED, "XTR", 2, 30),
            PaymentTotal(PaymentState.REFUNDED, "XTR", 1, 5),
        ]
        since = NOW + timedelta(days=1)
        assert await storage.sum_payments(connection, since) == [
            PaymentTotal(PaymentState.COMPLETED, "XTR", 1, 20)
        ]


async def test_the_first_early_refund_of_a_charge_is_taken_once(database):
    later = NOW + timedelta(days=1)
    async with database.transaction() as connection:
        await storage.insert_early_refund(connection, reported_refund())
        await storage.insert_early_refund(connection, reported_refund(refund_time=later))
        assert await storage.take_early_refund(connection, "charge-1") == NOW
        assert await storage.take_early_refund(connection, "charge-1") is None


async def test_a_subscription_has_the_price_and_the_end_of_its_newest_payment(database, insert):
    await insert(
        numbered(1, amount=50, subscription_expire_time=NOW + timedelta(days=30)),
        numbered(2, amount=60, subscription_expire_time=NOW + timedelta(days=60)),
        numbered(3, payload="order-2", subscription_expire_time=NOW + timedelta(days=30)),
        numbered(4),
    )
    async with database.reading() as connection:
        second, first = await storage.list_subscriptions(connection, None, 10)
        cursor = TimeCursor(second.create_time, second.id)
        assert await storage.list_subscriptions(connection, cursor, 10) == [first]
    assert (second.id, second.payload, second.payment_count) == (UUID(int=3), "order-2", 1)
    assert (first.id, first.amount, first.payment_count) == (UUID(int=1), 60, 2)
    assert first.create_time == NOW + timedelta(seconds=1)
    assert first.expire_time == NOW + timedelta(days=60)
