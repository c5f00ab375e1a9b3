"""The rules of money: currencies, states of a payment, balanced journals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from uuid import UUID

from services.kernel.errors import (
    AlreadyExistsError,
    FailedPreconditionError,
    FieldViolation,
    InvalidArgumentError,
)
from services.kernel.money import EXPONENTS

STARS = "XTR"
AMOUNT_MAX = 10**15
TEXT_MAX = 256
PAYLOAD_BYTES_MAX = 128


class State(IntEnum):
    """The state of a payment: the values of `libral.payments.v1.Payment.State`."""

    PENDING = 1
    COMPLETED = 2
    FAILED = 3
    REFUND_PENDING = 4
    REFUNDED = 5


TRANSITIONS = {
    State.PENDING: {State.COMPLETED, State.FAILED},
    State.COMPLETED: {State.REFUND_PENDING, State.REFUNDED},
    State.REFUND_PENDING: {State.REFUNDED, State.COMPLETED},
    State.FAILED: set[State](),
    State.REFUNDED: set[State](),
}


@dataclass(frozen=True)
class Payment:
    """A payment. `amount` is in minor units of its currency."""

    id: UUID
    user_name: str
    telegram_id: int
    currency: str
    amount: int
    state: State
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

    @property
    def content(self) -> tuple[object, ...]:
        """What must be the same whenever the charge is told of again."""
        return (self.telegram_id, self.currency, self.amount, self.payload)


def check_transition(before: State, after: State) -> None:
    """Refuses a change of state that the rules do not know."""
    if after not in TRANSITIONS[before]:
        raise FailedPreconditionError(
            "STATE_NOT_ALLOWED",
            f"A payment that is {before.name} cannot become {after.name}.",
            localized="この決済は現在の状態では操作できません。",
            metadata={"from": before.name, "to": after.name},
        )


def check_record(payment: Payment) -> None:
    """Checks a payment that is told of.

    Raises:
        InvalidArgumentError: With every field that breaks a rule.
    """
    rules = (
        ("telegram_id", payment.telegram_id > 0, "It must be above 0."),
        ("currency_code", payment.currency in EXPONENTS, "It is no currency that is known here."),
        ("total_amount", 0 < payment.amount <= AMOUNT_MAX, f"It must be 1 to {AMOUNT_MAX}."),
        ("telegram_charge_id", 0 < len(payment.charge_id) <= TEXT_MAX, "Use 1 to 256 characters."),
        ("provider_charge_id", len(payment.provider_charge_id) <= TEXT_MAX, "It is too long."),
        ("invoice_payload", len(payment.payload.encode()) <= PAYLOAD_BYTES_MAX, "It is too long."),
    )
    found = [FieldViolation(field, text) for field, holds, text in rules if not holds]
    if found:
        raise InvalidArgumentError(found)


def check_same(known: Payment, told: Payment) -> None:
    """Refuses a charge that is told of again with other content."""
    if known.content != told.content:
        raise AlreadyExistsError(
            "CHARGE_CONFLICT",
            "The charge was recorded before with another amount, payer or payload.",
            metadata={"telegram_charge_id": told.charge_id, "payment": known.name},
        )


class AccountType(IntEnum):
    """What kind of account: the values of `libral.payments.v1.Account.Type`."""

    ASSET = 1
    LIABILITY = 2
    REVENUE = 3
    CONTRA_REVENUE = 4


@dataclass(frozen=True)
class Posting:
    """One side of a journal: above zero a debit, below zero a credit."""

    account: str
    type: AccountType
    amount: int


def payment_postings(payment: Payment) -> Sequence[Posting]:
    """What the customer paid is with Telegram, and was earned."""
    code = payment.currency.lower()
    return balanced(
        Posting(f"telegram-{code}", AccountType.ASSET, payment.amount),
        Posting(f"sales-{code}", AccountType.REVENUE, -payment.amount),
    )


def refund_postings(payment: Payment) -> Sequence[Posting]:
    """What was given back left Telegram's balance."""
    code = payment.currency.lower()
    return balanced(
        Posting(f"refunds-{code}", AccountType.CONTRA_REVENUE, payment.amount),
        Posting(f"telegram-{code}", AccountType.ASSET, -payment.amount),
    )


def balanced(*postings: Posting) -> Sequence[Posting]:
    if sum(posting.amount for posting in postings):
        raise AssertionError("The journal does not sum to zero.")
    return postings
