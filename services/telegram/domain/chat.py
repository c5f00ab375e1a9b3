"""The content of updates, independent of the Bot API's own types."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto


class BotCommand(Enum):
    """A command that the bot handles."""

    START = auto()
    STATUS = auto()


@dataclass(frozen=True)
class MessageSender:
    """The Telegram user that sent a message."""

    telegram_id: int
    full_name: str
    username: str
    language_code: str
    is_bot: bool


@dataclass(frozen=True)
class SuccessfulPayment:
    """A completed payment. `amount` is in minor units of its currency."""

    currency: str
    amount: int
    charge_id: str
    provider_charge_id: str
    payload: str
    subscription_expire_time: datetime | None = None
    recurring: bool = False
    first_recurring: bool = False


@dataclass(frozen=True)
class RefundedPayment:
    """A payment that was refunded. `amount` is in minor units of its currency."""

    currency: str
    amount: int
    charge_id: str


@dataclass(frozen=True)
class ChatMessage:
    """A message in a chat. `content` is None if the message needs no action."""

    chat_id: int
    sender: MessageSender | None
    time: datetime
    content: BotCommand | SuccessfulPayment | RefundedPayment | None = None


@dataclass(frozen=True)
class PreCheckoutQuery:
    """A request of Telegram to approve a payment. `amount` is in minor units."""

    id: str
    amount: int
    payload: str

    @property
    def payable(self) -> bool:
        return self.amount > 0 and bool(self.payload)


@dataclass(frozen=True)
class RegisteredUser:
    """The user that a sender is registered as. `created` is True for a new one."""

    name: str
    created: bool


@dataclass(frozen=True)
class Amount:
    """An amount of money in whole units and billionths of a unit."""

    currency: str
    units: int
    nanos: int


@dataclass(frozen=True)
class ModuleStatus:
    """A module of the mesh, such as `payments`, and its state, such as `HEALTHY`."""

    module: str
    state: str
