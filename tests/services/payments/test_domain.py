from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kernel.errors import FailedPreconditionError, InvalidArgumentError
from services.kernel.money import EXPONENTS
from services.payments.domain import (
    TRANSITIONS,
    Payment,
    State,
    check_record,
    check_transition,
    payment_postings,
    refund_postings,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def payment(**fields) -> Payment:
    values = {
        "id": UUID(int=1),
        "user_name": "users/1",
        "telegram_id": 42,
        "currency": "XTR",
        "amount": 100,
        "state": State.COMPLETED,
        "charge_id": "charge",
        "provider_charge_id": "",
        "payload": "order-1",
        "pay_time": NOW,
        "create_time": NOW,
        "update_time": NOW,
    }
    return Payment(**(values | fields))


@given(st.integers(1, 10**15), st.sampled_from(sorted(EXPONENTS)))
def test_journals_sum_to_zero(amount, currency):
    paid = payment(amount=amount, currency=currency)
    for postings in (payment_postings(paid), refund_postings(paid)):
        assert sum(posting.amount for posting in postings) == 0
        assert all(posting.amount for posting in postings)


@pytest.mark.parametrize("before", State)
@pytest.mark.parametrize("after", State)
def test_final_states_absorb(before, after):
    if after in TRANSITIONS[before]:
        check_transition(before, after)
    else:
        with pytest.raises(FailedPreconditionError):
            check_transition(before, after)
    assert not TRANSITIONS[State.REFUNDED]
    assert not TRANSITIONS[State.FAILED]


def test_every_bad_field_is_named():
    wrong = payment(telegram_id=0, currency="xtr", amount=0, charge_id="", payload="é" * 65)
    with pytest.raises(InvalidArgumentError) as failure:
        check_record(wrong)
    assert [one.field for one in failure.value.violations] == [
        "telegram_id",
        "currency_code",
        "total_amount",
        "telegram_charge_id",
        "invoice_payload",
    ]
