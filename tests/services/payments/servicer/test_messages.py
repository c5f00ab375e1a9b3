from datetime import timedelta
from uuid import UUID

import pytest
from libral.payments.v1 import payments_pb2

from services.payments.domain.payments import Subscription, TimeCursor
from services.payments.servicer import messages
from tests.services.payments.helpers import NOW, payment

ID = UUID(int=7)
Payment = payments_pb2.Payment


@pytest.mark.parametrize(
    ("currency", "provider", "units", "nanos"),
    [
        ("XTR", Payment.TELEGRAM_STARS, 1999, 0),
        ("USD", Payment.TELEGRAM_PROVIDER, 19, 990_000_000),
        ("KWD", Payment.TELEGRAM_PROVIDER, 1, 999_000_000),
    ],
)
def test_a_payment(currency, provider, units, nanos):
    message = messages.payment_message(payment(currency=currency, amount=1999))
    assert message.provider == provider
    assert (message.amount.currency_code, message.amount.units, message.amount.nanos) == (
        currency,
        units,
        nanos,
    )
    assert message.pay_time.ToDatetime(tzinfo=NOW.tzinfo) == NOW
    assert not message.HasField("refund_time")


@pytest.mark.parametrize(
    ("seconds", "state"),
    [(0, payments_pb2.Subscription.EXPIRED), (1, payments_pb2.Subscription.ACTIVE)],
)
def test_a_subscription_ends_at_its_expire_time(seconds, state):
    expire = NOW + timedelta(seconds=seconds)
    one = Subscription(ID, "users/1", "order-1", "XTR", 50, NOW, expire, 2)
    message = messages.subscription_message(one, NOW)
    assert (message.name, message.state) == (f"subscriptions/{ID}", state)


def test_a_cursor_survives_its_token():
    request = payments_pb2.ListPaymentsRequest(currency_code="XTR")
    assert messages.time_cursor(messages.time_page(request)) is None
    paid = payment()
    request.page_token = messages.time_page(request).make_token(*messages.cursor_of(paid))
    found = messages.time_cursor(messages.time_page(request))
    assert found == TimeCursor(paid.create_time, paid.id)
