"""What the users room does when it hears of events: it keeps what each user bought."""

from uuid import UUID

from google.protobuf.json_format import MessageToDict
from libral.events.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kernel.events.subscriptions import Reactions
from services.kernel.money import EXPONENTS
from services.users import storage
from services.users.domain import Purchase

COLLECTION = "users/"


async def add_payment(connection: AsyncConnection, event: events_pb2.Event) -> None:
    buyer, currency, amount = await read_payment(connection, event)
    purchase = Purchase(buyer, currency, payment_count=1, paid_amount=amount)
    await storage.add_purchase(connection, purchase)


async def add_refund(connection: AsyncConnection, event: events_pb2.Event) -> None:
    buyer, currency, amount = await read_payment(connection, event)
    purchase = Purchase(buyer, currency, refund_count=1, refunded_amount=amount)
    await storage.add_purchase(connection, purchase)


async def read_payment(
    connection: AsyncConnection, event: events_pb2.Event
) -> tuple[UUID, str, int]:
    """Reads buyer, currency and amount.

    The buyer need not have an account here. A payment that names none belongs
    to whoever has its Telegram id.

    Raises:
        ValueError: The event names nobody, or no amount of money.
    """
    data = MessageToDict(event.data)
    currency, amount = str(data.get("currency")), int(data.get("amount", ""))
    if currency not in EXPONENTS:
        raise ValueError(f"{event.subject} has the currency {currency}.")
    if name := str(data.get("user", "")):
        return UUID(name.removeprefix(COLLECTION)), currency, amount
    buyer = await storage.find_telegram_user(connection, int(data.get("telegramId", "")))
    if buyer is None:
        raise ValueError(f"{event.subject} is of nobody who is known here.")
    return buyer, currency, amount


REACTIONS: Reactions = {"payment.completed": add_payment, "payment.refunded": add_refund}
