"""Parser of Bot API updates, based on aiogram."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from aiogram import Bot, Dispatcher, F, Router
from aiogram.filters import Command as CommandFilter
from aiogram.filters import CommandStart
from aiogram.types import Message, User
from aiogram.types import PreCheckoutQuery as ApiQuery
from aiogram.types import SuccessfulPayment as ApiPayment
from aiogram.types import Update as ApiUpdate
from pydantic import ValidationError

from services.kernel.errors import invalid
from services.telegram.domain.chat import (
    BotCommand,
    ChatMessage,
    MessageSender,
    PreCheckoutQuery,
    RefundedPayment,
    SuccessfulPayment,
)

KINDS = frozenset({"message", "pre_checkout_query"})


class UpdateReader:
    """Parses updates. aiogram's filters skip commands that are addressed to other bots."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._dispatcher = Dispatcher()
        self._dispatcher.include_router(make_router())

    async def read_update(self, body: Mapping[str, Any]) -> ChatMessage | PreCheckoutQuery | None:
        """Return the content of an update, or None for a kind that the bot does not handle.

        Raises:
            InvalidArgumentError: It is not an update of the Bot API.
        """
        try:
            update = ApiUpdate.model_validate(body, context={"bot": self._bot})
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise invalid(".".join(map(str, first["loc"])), first["msg"]) from None
        if not KINDS & update.model_fields_set:
            return None
        found = await self._dispatcher.feed_update(self._bot, update)
        return found if isinstance(found, ChatMessage | PreCheckoutQuery) else None


def make_router() -> Router:
    """Return a router whose handlers return domain types. The first matching handler runs."""
    router = Router()
    router.pre_checkout_query.register(read_query)
    router.message.register(read_payment, F.successful_payment)
    router.message.register(read_refund, F.refunded_payment)
    router.message.register(read_start, CommandStart())
    router.message.register(read_status, CommandFilter("status"))
    router.message.register(read_message)
    return router


async def read_query(query: ApiQuery) -> PreCheckoutQuery:
    return PreCheckoutQuery(query.id, query.total_amount, query.invoice_payload)


async def read_payment(message: Message) -> ChatMessage:
    assert message.successful_payment is not None  # noqa: S101 - the filter of its route
    return to_message(message, to_payment(message.successful_payment))


async def read_refund(message: Message) -> ChatMessage:
    refund = message.refunded_payment
    assert refund is not None  # noqa: S101 - the filter of its route
    content = RefundedPayment(
        refund.currency, refund.total_amount, refund.telegram_payment_charge_id
    )
    return to_message(message, content)


async def read_start(message: Message) -> ChatMessage:
    return to_message(message, BotCommand.START)


async def read_status(message: Message) -> ChatMessage:
    return to_message(message, BotCommand.STATUS)


async def read_message(message: Message) -> ChatMessage:
    return to_message(message, None)


def to_message(
    message: Message, content: BotCommand | SuccessfulPayment | RefundedPayment | None
) -> ChatMessage:
    return ChatMessage(message.chat.id, to_sender(message.from_user), message.date, content)


def to_sender(user: User | None) -> MessageSender | None:
    if user is None:
        return None
    return MessageSender(
        telegram_id=user.id,
        full_name=user.full_name,
        username=user.username or "",
        language_code=user.language_code or "",
        is_bot=user.is_bot,
    )


def to_payment(paid: ApiPayment) -> SuccessfulPayment:
    return SuccessfulPayment(
        currency=paid.currency,
        amount=paid.total_amount,
        charge_id=paid.telegram_payment_charge_id,
        provider_charge_id=paid.provider_payment_charge_id,
        payload=paid.invoice_payload,
        subscription_expire_time=to_time(paid.subscription_expiration_date),
        recurring=bool(paid.is_recurring),
        first_recurring=bool(paid.is_first_recurring),
    )


def to_time(seconds: object) -> datetime | None:
    """Return a date of the Bot API in UTC. aiogram returns Unix times or datetimes."""
    if seconds is None or isinstance(seconds, datetime):
        return seconds
    return datetime.fromtimestamp(cast("int", seconds), UTC)
