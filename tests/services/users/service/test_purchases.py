from uuid import uuid4

import pytest

from services.kernel.errors import NotFoundError
from services.users.domain.purchases import PaymentEvent, Purchase


async def add(use_cases, *payments: PaymentEvent, refund: bool = False) -> None:
    purchases = use_cases.purchases
    record = purchases.add_refund if refund else purchases.add_payment
    async with use_cases.database.transaction() as connection:
        for payment in payments:
            await record(connection, payment)


async def test_payments_and_refunds_are_summed_by_currency(use_cases):
    user = await use_cases.create_user("taro")
    assert await use_cases.purchases.list_purchases(user.id, "", 10) == []
    stars = PaymentEvent("payments/1", user.id, None, "XTR", 100)
    dollars = PaymentEvent("payments/2", user.id, 42, "USD", 1999)
    await add(use_cases, stars, stars, dollars)
    await add(use_cases, stars, refund=True)
    expected = [
        Purchase(user.id, "USD", payment_count=1, paid_amount=1999),
        Purchase(user.id, "XTR", 2, 1, 200, 100),
    ]
    assert await use_cases.purchases.list_purchases(user.id, "", 10) == expected
    assert await use_cases.purchases.list_purchases(user.id, "", 1) == expected[:1]
    assert await use_cases.purchases.list_purchases(user.id, "USD", 10) == expected[1:]


async def test_a_buyer_is_found_by_telegram_id(use_cases):
    user = await use_cases.record_telegram_user(42)
    await add(use_cases, PaymentEvent("payments/1", None, 42, "XTR", 100))
    (found,) = await use_cases.purchases.list_purchases(user.id, "", 10)
    assert found.paid_amount == 100
    with pytest.raises(ValueError, match="payments/2 has no known buyer"):
        await add(use_cases, PaymentEvent("payments/2", None, 43, "XTR", 100))


async def test_a_buyer_needs_no_account(use_cases):
    stranger = uuid4()
    with pytest.raises(NotFoundError):
        await use_cases.purchases.list_purchases(stranger, "", 10)
    await add(use_cases, PaymentEvent("payments/1", stranger, None, "XTR", 100))
    (found,) = await use_cases.purchases.list_purchases(stranger, "", 10)
    assert found.paid_amount == 100
