"""The double-entry ledger: accounts, entries and balanced journals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from uuid import UUID

from services.payments.domain.payments import Payment


class AccountType(IntEnum):
    """The type of an account: the values of `libral.payments.v1.Account.Type`."""

    ASSET = 1
    LIABILITY = 2
    REVENUE = 3
    CONTRA_REVENUE = 4


@dataclass(frozen=True)
class Account:
    """An account of the ledger."""

    code: str
    type: AccountType
    currency: str
    create_time: datetime


@dataclass(frozen=True)
class Balance:
    """The sums of an account's entries up to `as_of`, in minor units."""

    account: Account
    debits: int
    credits: int
    as_of: datetime

    @property
    def amount(self) -> int:
        return self.debits - self.credits


@dataclass(frozen=True)
class Posting:
    """One side of a journal. `amount` is in minor units: above 0 a debit, below 0 a credit."""

    account: str
    type: AccountType
    amount: int


@dataclass(frozen=True)
class LedgerEntry:
    """A stored posting and its journal."""

    id: int
    journal_id: UUID
    account: str
    amount: int
    create_time: datetime
    payment_id: UUID
    description: str


@dataclass(frozen=True)
class Journal:
    """Postings that are stored together and sum to zero.

    Raises:
        ValueError: The sum is not zero.
    """

    id: UUID
    payment: Payment
    description: str
    postings: Sequence[Posting]
    create_time: datetime

    def __post_init__(self) -> None:
        if sum(posting.amount for posting in self.postings):
            raise ValueError("The journal does not sum to zero.")


def payment_postings(payment: Payment) -> Sequence[Posting]:
    """Return the postings of a payment: debit the balance at Telegram, credit revenue."""
    code = payment.currency.lower()
    return (
        Posting(f"telegram-{code}", AccountType.ASSET, payment.amount),
        Posting(f"sales-{code}", AccountType.REVENUE, -payment.amount),
    )


def refund_postings(payment: Payment) -> Sequence[Posting]:
    """Return the postings of a refund: debit refunds, credit the balance at Telegram."""
    code = payment.currency.lower()
    return (
        Posting(f"refunds-{code}", AccountType.CONTRA_REVENUE, payment.amount),
        Posting(f"telegram-{code}", AccountType.ASSET, -payment.amount),
    )
