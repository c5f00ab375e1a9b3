from google.protobuf import json_format
from libral.payments.v1 import payments_pb2

from dashboard.api.payments import Money, Payment, PaymentStats, Total


def test_a_payment_has_its_amount():
    message = payments_pb2.Payment(
        name="payments/1",
        telegram_id=42,
        state=payments_pb2.Payment.COMPLETED,
        provider=payments_pb2.Payment.TELEGRAM_STARS,
    )
    message.amount.currency_code, message.amount.units = "XTR", 100
    found = Payment.parse(json_format.MessageToDict(message))
    assert found.amount == Money("XTR", 100)
    assert (found.state, found.provider, found.telegram_id) == ("COMPLETED", "TELEGRAM_STARS", 42)
    assert Payment.parse({"name": "payments/2"}).amount is None


def test_sums_are_by_state():
    message = payments_pb2.PaymentStats()
    total = message.today.add(state=payments_pb2.Payment.REFUNDED, count=2)
    total.amount.currency_code, total.amount.nanos = "USD", 500_000_000
    found = PaymentStats.parse(json_format.MessageToDict(message))
    assert found.today == [Total("REFUNDED", 2, Money("USD", 0, 500_000_000))]
    assert found.totals == []
