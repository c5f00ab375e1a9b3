"""Purchases: what users bought, summed by currency."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.kernel.money import EXPONENTS

COLLECTION = "users/"


@dataclass(frozen=True)
class Purchase:
    """What a user bought in one currency. Amounts are in its minor units."""

    user_id: UUID
    currency: str
    payment_count: int = 0
    refund_count: int = 0
    paid_amount: int = 0
    refunded_amount: int = 0

    @property
    def name(self) -> str:
        return f"{COLLECTION}{self.user_id}/purchases/{self.currency}"


@dataclass(frozen=True)
class PaymentEvent:
    """The data of a `payment.completed` or `payment.refunded` event.

    The buyer is an account (`user_id`), or else a Telegram id. `amount` is in minor
    units of the currency. `subject` names the payment.
    """

    subject: str
    user_id: UUID | None
    telegram_id: int | None
    currency: str
    amount: int


def read_payment_event(subject: str, data: Mapping[str, Any]) -> PaymentEvent:
    """Return the payment that the data of an event describes.

    Raises:
        ValueError: The data has no buyer, or no amount of money.
    """
    currency, amount = str(data.get("currency")), int(data.get("amount", ""))
    if currency not in EXPONENTS:
        raise ValueError(f"{subject} has the currency {currency}.")
    if name := str(data.get("user", "")):
        return PaymentEvent(subject, UUID(name.removeprefix(COLLECTION)), None, currency, amount)
    return PaymentEvent(subject, None, int(data.get("telegramId", "")), currency, amount)
