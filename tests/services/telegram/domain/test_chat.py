import pytest

from services.telegram.domain.chat import PreCheckoutQuery


@pytest.mark.parametrize(
    ("amount", "payload", "payable"),
    [(1, "order-1", True), (0, "order-1", False), (-1, "order-1", False), (1, "", False)],
)
def test_a_purchase_needs_an_amount_and_a_payload(amount, payload, payable):
    assert PreCheckoutQuery("query", amount, payload).payable == payable
