"""The bot: its connection, messages, invoices and Star transactions."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from services.kernel.errors import (
    FailedPreconditionError,
    FieldViolation,
    InvalidArgumentError,
)

TEXT_MAX = 4096
TITLE_MAX = 32
DESCRIPTION_MAX = 255
PAYLOAD_BYTES_MAX = 128
SUBSCRIPTION_STARS_MAX = 10_000
SUBSCRIPTION_SECONDS = 2_592_000
"""30 days, the only subscription period that the Bot API accepts (createInvoiceLink)."""
STARS = "XTR"


class BotState(IntEnum):
    """The state of the bot: the values of `libral.telegram.v1.Bot.State`."""

    UNSPECIFIED = 0
    UNCONFIGURED = 1
    CONNECTED = 2
    UNREACHABLE = 3


@dataclass(frozen=True)
class BotProfile:
    """The bot's Telegram account."""

    telegram_id: int
    username: str


@dataclass(frozen=True)
class BotStatus:
    """The result of the last check of the bot's connection.

    `profile` comes from the last successful check. `problem` is a text for operators, empty if
    the last check succeeded.
    """

    profile: BotProfile | None = None
    problem: str = ""
    check_time: datetime | None = None

    @property
    def state(self) -> BotState:
        if self.problem:
            return BotState.UNREACHABLE
        return BotState.UNSPECIFIED if self.profile is None else BotState.CONNECTED


@dataclass(frozen=True)
class SentMessage:
    """A message that was sent."""

    chat_id: int
    message_id: int
    time: datetime


@dataclass(frozen=True)
class Invoice:
    """An invoice in Stars."""

    title: str
    description: str
    payload: str
    stars: int
    subscription: bool


@dataclass(frozen=True)
class StarTransaction:
    """A transaction in Stars. `telegram_id` is 0 if the counterparty is not a user."""

    id: str
    amount: int
    nanostar_amount: int
    incoming: bool
    telegram_id: int
    time: datetime


def bot_unconfigured() -> FailedPreconditionError:
    """Return the error of calls that need a bot, for a service without a bot token."""
    return FailedPreconditionError(
        "BOT_UNCONFIGURED",
        "The bot is not configured: set TELEGRAM_BOT_TOKEN.",
        localized="Telegramボットが未設定です。",
    )


def check_message(chat_id: int, text: str) -> None:
    """Raise InvalidArgumentError unless the Bot API accepts the message (sendMessage)."""
    violations: list[FieldViolation] = []
    if chat_id == 0:
        violations.append(FieldViolation("chat_id", "It must be set."))
    if not 0 < len(text) <= TEXT_MAX:
        violations.append(FieldViolation("text", f"Use 1 to {TEXT_MAX} characters."))
    if violations:
        raise InvalidArgumentError(violations)


def check_invoice(invoice: Invoice) -> None:
    """Raise InvalidArgumentError unless the Bot API accepts the invoice (createInvoiceLink)."""
    payload_bytes = len(invoice.payload.encode())
    cheap_enough = not invoice.subscription or invoice.stars <= SUBSCRIPTION_STARS_MAX
    rules = (
        ("title", 0 < len(invoice.title) <= TITLE_MAX, f"Use 1 to {TITLE_MAX} characters."),
        (
            "description",
            0 < len(invoice.description) <= DESCRIPTION_MAX,
            f"Use 1 to {DESCRIPTION_MAX} characters.",
        ),
        ("payload", 0 < payload_bytes <= PAYLOAD_BYTES_MAX, f"Use 1 to {PAYLOAD_BYTES_MAX} bytes."),
        ("stars", invoice.stars > 0, "It must be above 0."),
        ("stars", cheap_enough, f"A subscription costs {SUBSCRIPTION_STARS_MAX} Stars at most."),
    )
    violations = [
        FieldViolation(f"invoice.{field}", text) for field, holds, text in rules if not holds
    ]
    if violations:
        raise InvalidArgumentError(violations)
