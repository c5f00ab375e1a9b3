from uuid import UUID

import pytest

from services.users.domain.purchases import PaymentEvent, Purchase, read_payment_event

USER = "users/00000000-0000-0000-0000-000000000001"


def test_the_buyer_is_the_user_if_there_is_one():
    data = {"user": USER, "telegramId": "42", "currency": "XTR", "amount": "100"}
    assert read_payment_event("payments/1", data) == PaymentEvent(
        "payments/1", UUID(int=1), None, "XTR", 100
    )


def test_the_buyer_is_a_telegram_id_else():
    data = {"user": "", "telegramId": "42", "currency": "USD", "amount": "1999"}
    assert read_payment_event("payments/1", data) == PaymentEvent(
        "payments/1", None, 42, "USD", 1999
    )


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"user": USER, "currency": "XTR"},
        {"user": USER, "currency": "XTR", "amount": "much"},
        {"user": USER, "currency": "GOLD", "amount": "1"},
        {"user": USER, "amount": "1"},
        {"user": "users/x", "currency": "XTR", "amount": "1"},
        {"currency": "XTR", "amount": "1"},
    ],
)
def test_data_that_is_no_payment_is_refused(data):
    with pytest.raises(ValueError, match=r".+"):
        read_payment_event("payments/1", data)


def test_name():
    assert Purchase(UUID(int=1), "XTR").name == f"{USER}/purchases/XTR"
