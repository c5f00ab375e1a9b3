"""Payments: types, states, and validation of charges and refunds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple
from uuid import UUID

from services.kernel.errors import (
    AlreadyExistsError,
    FailedPreconditionError,
    FieldViolation,
    InvalidArgumentError,
    invalid,
)
from services.kernel.money import EXPONENTS

STARS = "XTR"
AMOUNT_MAX = 10**15
TEXT_MAX = 256
PAYLOAD_BYTES_MAX = 128


class PaymentState(IntEnum):
    """The state of a payment: the values of `libral.payments.v1.Payment.State`."""

    PENDING = 1
    COMPLETED = 2
    FAILED = 3
    REFUND_PENDING = 4
    REFUNDED = 5


TRANSITIONS = {
    PaymentState.PENDING: {PaymentState.COMPLETED, PaymentState.FAILED},
    PaymentState.COMPLETED: {PaymentState.REFUND_PENDING, PaymentState.REFUNDED},
    PaymentState.REFUND_PENDING: {PaymentState.REFUNDED, PaymentState.COMPLETED},
    PaymentState.FAILED: set[PaymentState](),
    PaymentState.REFUNDED: set[PaymentState](),
}


@dataclass(frozen=True)
class Charge:
    """A completed charge as Telegram reports it. `amount` is in minor units of its currency."""

    telegram_id: int
    currency: str
    amount: int
    charge_id: str
    pay_time: datetime
    user_name: str = ""
    provider_charge_id: str = ""
    payload: str = ""
    subscription_expire_time: datetime | None = None
    recurring: bool = False


@dataclass(frozen=True)
class Refund:
    """A refund as Telegram reports it. `amount` is in minor units of its currency."""

    telegram_id: int
    currency: str
    amount: int
    charge_id: str
    refund_time: datetime


@dataclass(frozen=True)
class Payment:
    """A payment. `amount` is in minor units of its currency."""

    id: UUID
    user_name: str
    telegram_id: int
    currency: str
    amount: int
    state: PaymentState
    charge_id: str
    provider_charge_id: str
    payload: str
    pay_time: datetime
    create_time: datetime
    update_time: datetime
    refund_time: datetime | None = None
    subscription_expire_time: datetime | None = None
    recurring: bool = False

    @property
    def name(self) -> str:
        return f"payments/{self.id}"


@dataclass(frozen=True)
class Subscription:
    """A customer's Telegram subscription, derived from its payments."""

    id: UUID
    user_name: str
    payload: str
    currency: str
    amount: int
    create_time: datetime
    expire_time: datetime
    payment_count: int


class TimeCursor(NamedTuple):
    """The creation time and id of the last item of a page."""

    time: datetime
    id: UUID


@dataclass(frozen=True)
class PaymentFilter:
    """Which payments to list. An empty field matches every payment."""

    state: int = 0
    currency: str = ""
    user_name: str = ""
    charge_id_prefix: str = ""
    start_time: datetime | None = None
    end_time: datetime | None = None


@dataclass(frozen=True)
class PaymentTotal:
    """The payments of one currency in one state. `amount` is in minor units."""

    state: PaymentState
    currency: str
    count: int
    amount: int


@dataclass(frozen=True)
class PaymentStats:
    """Totals of all payments, and of those paid since midnight in `time_zone`."""

    totals: Sequence[PaymentTotal]
    today: Sequence[PaymentTotal]
    time_zone: str
    measure_time: datetime


def completed_payment(payment_id: UUID, charge: Charge, now: datetime) -> Payment:
    """Return the payment that records a charge."""
    return Payment(
        id=payment_id,
        state=PaymentState.COMPLETED,
        create_time=now,
        update_time=now,
        **vars(charge),
    )


def check_transition(before: PaymentState, after: PaymentState) -> None:
    """Raise FailedPreconditionError unless a payment may change from `before` to `after`."""
    if after not in TRANSITIONS[before]:
        raise FailedPreconditionError(
            "STATE_NOT_ALLOWED",
            f"A payment that is {before.name} cannot become {after.name}.",
            localized="この決済は現在の状態では操作できません。",
            metadata={"from": before.name, "to": after.name},
        )


def check_charge(charge: Charge) -> None:
    """Raise InvalidArgumentError with every invalid field of a charge."""
    found = common_violations(charge)
    if len(charge.provider_charge_id) > TEXT_MAX:
        found.append(FieldViolation("provider_charge_id", "It is too long."))
    if len(charge.payload.encode()) > PAYLOAD_BYTES_MAX:
        found.append(FieldViolation("invoice_payload", "It is too long."))
    if found:
        raise InvalidArgumentError(found)


def check_refund(refund: Refund) -> None:
    """Raise InvalidArgumentError with every invalid field of a reported refund."""
    if found := common_violations(refund):
        raise InvalidArgumentError(found)


def common_violations(report: Charge | Refund) -> list[FieldViolation]:
    """Return the invalid fields among those that charges and refunds share."""
    rules = (
        ("telegram_id", report.telegram_id > 0, "It must be above 0."),
        ("currency_code", report.currency in EXPONENTS, "It is not a known currency."),
        ("total_amount", 0 < report.amount <= AMOUNT_MAX, f"It must be 1 to {AMOUNT_MAX}."),
        ("telegram_charge_id", 0 < len(report.charge_id) <= TEXT_MAX, "Use 1 to 256 characters."),
    )
    return [FieldViolation(field, text) for field, holds, text in rules if not holds]


def check_same_charge(payment: Payment, charge: Charge) -> None:
    """Raise AlreadyExistsError if a charge differs from the payment that has its charge id."""
    recorded, reported = (
        (one.telegram_id, one.currency, one.amount, one.payload) for one in (payment, charge)
    )
    if recorded != reported:
        raise AlreadyExistsError(
            "CHARGE_CONFLICT",
            "The charge is recorded with another amount, payer or payload.",
            metadata={"telegram_charge_id": charge.charge_id, "payment": payment.name},
        )


def check_refundable(payment: Payment) -> None:
    """Raise an error unless the bot can refund a payment: completed, and paid in Stars."""
    if payment.currency != STARS:
        raise invalid("name", "Only payments in Stars can be refunded here.")
    check_transition(payment.state, PaymentState.REFUND_PENDING)
