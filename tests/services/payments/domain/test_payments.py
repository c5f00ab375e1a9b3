from uuid import UUID

import pytest

from services.kernel.errors import (
    AlreadyExistsError,
    FailedPreconditionError,
    InvalidArgumentError,
)
from services.payments.domain.payments import (
    TRANSITIONS,
    PaymentState,
    check_charge,
    check_refund,
    check_refundable,
    check_same_charge,
    check_transition,
    completed_payment,
)
from tests.services.payments.helpers import NOW, charge, payment, reported_refund


@pytest.mark.parametrize("before", PaymentState)
@pytest.mark.parametrize("after", PaymentState)
def test_final_states_absorb(before, after):
    if after in TRANSITIONS[before]:
        check_transition(before, after)
    else:
        with pytest.raises(FailedPreconditionError):
            check_transition(before, after)
    assert not TRANSITIONS[PaymentState.REFUNDED]
    assert not TRANSITIONS[PaymentState.FAILED]


def test_every_bad_field_is_named():
    wrong = charge("", telegram_id=0, currency="xtr", amount=0, payload="é" * 65)
    with pytest.raises(InvalidArgumentError) as failure:
        check_charge(wrong)
    assert [one.field for one in failure.value.violations] == [
        "telegram_id",
        "currency_code",
        "total_amount",
        "telegram_charge_id",
        "invoice_payload",
    ]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"amount": 10**15 + 1}, "total_amount"),
        ({"charge_id": "c" * 257}, "telegram_charge_id"),
        ({"provider_charge_id": "c" * 257}, "provider_charge_id"),
    ],
)
def test_values_above_a_limit(fields, field):
    check_charge(charge(amount=10**15, payload="é" * 64, provider_charge_id="c" * 256))
    with pytest.raises(InvalidArgumentError) as failure:
        check_charge(charge(**fields))
    assert [one.field for one in failure.value.violations] == [field]


def test_a_refund_has_the_rules_of_a_charge():
    check_refund(reported_refund())
    with pytest.raises(InvalidArgumentError) as failure:
        check_refund(reported_refund("", telegram_id=-1, currency="", amount=-1))
    assert [one.field for one in failure.value.violations] == [
        "telegram_id",
        "currency_code",
        "total_amount",
        "telegram_charge_id",
    ]


def test_a_charge_becomes_a_completed_payment():
    made = completed_payment(UUID(int=1), charge("charge", recurring=True), NOW)
    assert made == payment(recurring=True)


@pytest.mark.parametrize(
    "fields", [{"telegram_id": 43}, {"currency": "JPY"}, {"amount": 101}, {"payload": "order-2"}]
)
def test_a_repeated_charge_must_be_the_same(fields):
    check_same_charge(payment(), charge("charge", user_name="users/2", recurring=True))
    with pytest.raises(AlreadyExistsError, match="is recorded with") as failure:
        check_same_charge(payment(), charge("charge", **fields))
    assert failure.value.reason == "CHARGE_CONFLICT"
    assert failure.value.metadata["payment"] == payment().name


def test_only_completed_payments_in_stars_are_refundable():
    check_refundable(payment())
    with pytest.raises(InvalidArgumentError):
        check_refundable(payment(currency="JPY"))
    with pytest.raises(FailedPreconditionError) as failure:
        check_refundable(payment(state=PaymentState.REFUNDED))
    assert failure.value.metadata == {"from": "REFUNDED", "to": "REFUND_PENDING"}
