import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services.kernel.errors import InvalidArgumentError, NotFoundError
from services.payments.domain.payments import PaymentFilter, PaymentState, PaymentTotal
from services.payments.service.payments import start_of_day
from tests.services.payments.helpers import NOW, charge, published, reported_refund, rows

TOKYO = ZoneInfo("Asia/Tokyo")


async def test_a_recorded_charge_is_found(payment_service):
    paid = await payment_service.record_charge(charge())
    assert await payment_service.get_payment(paid.id) == paid
    assert await payment_service.list_payments(PaymentFilter(), None, 10) == [paid]
    with pytest.raises(NotFoundError):
        await payment_service.get_payment(UUID(int=1))


async def test_invalid_reports_write_nothing(payment_service, database):
    with pytest.raises(InvalidArgumentError):
        await payment_service.record_charge(charge(amount=0))
    with pytest.raises(InvalidArgumentError):
        await payment_service.record_refund(reported_refund(amount=0))
    assert await rows(database, "SELECT 1 FROM payments.payments") == []
    assert await rows(database, "SELECT 1 FROM payments.early_refunds") == []


async def test_a_refund_of_an_unknown_charge_is_stored(payment_service, database):
    assert await payment_service.record_refund(reported_refund()) is None
    assert await published(database) == []
    paid = await payment_service.record_charge(charge())
    assert paid.state == PaymentState.REFUNDED


async def test_a_refund_of_a_known_charge_takes_effect(payment_service, database):
    paid = await payment_service.record_charge(charge())
    refunded = await payment_service.record_refund(reported_refund())
    assert (refunded.id, refunded.state, refunded.refund_time) == (
        paid.id,
        PaymentState.REFUNDED,
        NOW,
    )
    assert await payment_service.record_refund(reported_refund()) == refunded
    assert await rows(database, "SELECT 1 FROM payments.early_refunds") == []


async def test_today_begins_at_midnight_of_the_zone(payment_service, clock):
    clock.time = datetime(2026, 1, 1, 15, 30, tzinfo=UTC)  # 00:30 of the 2nd in Tokyo
    for number, minutes in enumerate((-1, 0, 30)):
        midnight = datetime(2026, 1, 1, 15, tzinfo=UTC)
        pay_time = midnight + timedelta(minutes=minutes)
        await payment_service.record_charge(charge(f"charge-{number}", pay_time=pay_time))
    stats = await payment_service.read_stats()
    assert stats.totals == [PaymentTotal(PaymentState.COMPLETED, "XTR", 3, 300)]
    assert stats.today == [PaymentTotal(PaymentState.COMPLETED, "XTR", 2, 200)]
    assert (stats.time_zone, stats.measure_time) == ("Asia/Tokyo", clock.time)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 1, 1, 14, 59, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=TOKYO)),
        (datetime(2026, 1, 1, 15, 0, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=TOKYO)),
    ],
)
def test_start_of_day(now, expected):
    assert start_of_day(now, TOKYO) == expected


async def test_subscriptions_are_listed(payment_service):
    expire = NOW + timedelta(days=30)
    await payment_service.record_charge(charge(subscription_expire_time=expire))
    await payment_service.record_charge(charge("charge-2"))
    (one,) = await payment_service.list_subscriptions(None, 10)
    assert (one.expire_time, one.payment_count, one.user_name) == (expire, 1, "users/1")


async def test_a_charge_and_its_refund_that_arrive_at_once_both_take_effect(
    payment_service, database
):
    for number in range(20):
        charge_id = f"charge-{number}"
        await asyncio.gather(
            payment_service.record_charge(charge(charge_id)),
            payment_service.record_refund(reported_refund(charge_id)),
        )
    states = await rows(database, "SELECT state, count(*) FROM payments.payments GROUP BY state")
    assert [tuple(row) for row in states] == [(PaymentState.REFUNDED, 20)]
    assert await rows(database, "SELECT 1 FROM payments.early_refunds") == []
