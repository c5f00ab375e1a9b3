"""Reactions to payments: they are added to the purchases of the buyer."""

from google.protobuf.json_format import MessageToDict
from libral.events.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kernel.events.consumer import Reactions
from services.users.domain.purchases import PaymentEvent, read_payment_event
from services.users.service.purchases import PurchaseService


def make_reactions(purchases: PurchaseService) -> Reactions:
    """Return the handler of each event type."""

    async def add_payment(connection: AsyncConnection, event: events_pb2.Event) -> None:
        await purchases.add_payment(connection, payment_of(event))

    async def add_refund(connection: AsyncConnection, event: events_pb2.Event) -> None:
        await purchases.add_refund(connection, payment_of(event))

    return {"payment.completed": add_payment, "payment.refunded": add_refund}


def payment_of(event: events_pb2.Event) -> PaymentEvent:
    return read_payment_event(event.subject, MessageToDict(event.data))
