"""The content of updates, independent of the Bot API's own types."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto


class Command(Enum):
    """A command that the bot answers."""

    START = auto()
    STATUS = auto()


@dataclass(frozen=True)
class Sender:
    """The Telegram user that a message comes from."""

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
    """A message in a chat. `content` is None for one that asks nothing of the bot."""

    chat_id: int
    sender: Sender | None
    time: datetime
    content: Command | SuccessfulPayment | RefundedPayment | None = None


@dataclass(frozen=True)
class PreCheckoutQuery:
    """Telegram's question whether a customer may pay. `amount` is in minor units."""

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
class ModuleState:
    """A module of the mesh, such as `payments`, and its state, such as `HEALTHY`."""

    module: str
    state: str
