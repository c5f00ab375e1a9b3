import pytest
from libral.payments.v1 import payments_pb2

STARS = {"currency_code": "XTR", "units": 100}
PAID = payments_pb2.Payment(
    name="payments/1",
    telegram_id=42,
    user="users/1",
    state=payments_pb2.Payment.COMPLETED,
    provider=payments_pb2.Payment.TELEGRAM_STARS,
    amount=STARS,
    telegram_charge_id="charge",
)
STRANGE = {"name": "payments/2", "state": "LOST", "provider": "CASH"}


@pytest.fixture(autouse=True)
def replies(gateway):
    stats = payments_pb2.PaymentStats(
        today=[
            {"state": payments_pb2.Payment.COMPLETED, "count": 2, "amount": STARS},
            {"state": payments_pb2.Payment.FAILED, "count": 9, "amount": STARS},
        ],
        totals=[
            {"state": payments_pb2.Payment.COMPLETED, "count": 1, "amount": STARS},
            {
                "state": payments_pb2.Payment.COMPLETED,
                "count": 1,
                "amount": {"currency_code": "JPY", "units": 1500},
            },
        ],
    )
    gateway.replies |= {
        "/v1/payments": payments_pb2.ListPaymentsResponse(payments=[PAID]),
        "/v1/payments:stats": stats,
        "/v1/payments/1": PAID,
    }


async def test_payments_and_their_sums_are_listed(browser):
    await browser.open("/payments?state=COMPLETED")
    await browser.sees("本日の入金")
    names = ("本日の入金", "本日の件数", "累計入金", "返金済み")
    assert [browser.fact(name) for name in names] == ["100 ⭐", "2件", "100 ⭐、¥1,500", "—"]
    (row,) = browser.rows()
    assert (row["amount"], row["state"], row["tone"]) == ("100 ⭐", "完了", "good")
    assert (row["payer"], row["provider"]) == ("Telegram 42", "Telegram Stars")
    assert browser.gateway.asked("/v1/payments") == [{"pageSize": "50", "state": "COMPLETED"}]


async def test_values_that_are_unknown_or_missing_are_named_so(browser):
    browser.gateway.replies["/v1/payments"] = {"payments": [STRANGE]}
    await browser.open("/payments")
    await browser.until(browser.rows)
    (row,) = browser.rows()
    assert (row["state"], row["provider"]) == ("不明", "不明")
    assert (row["amount"], row["payer"], row["time"]) == ("データなし", "Telegram —", "—")


async def test_an_address_opens_a_payment(browser):
    await browser.open("/payments?payment=1")
    await browser.sees("請求ペイロード")
    assert browser.fact("Telegram決済ID") == "charge"
    await browser.open("/payments?payment=2")
    await browser.sees("できません。")
