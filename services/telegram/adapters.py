"""The Bot API (https://core.telegram.org/bots/api), through aiogram."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    AiogramError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.types import LabeledPrice, StarTransaction, TransactionPartnerUser

from services.kernel.errors import FailedPreconditionError, LibralError, UnavailableError
from services.telegram.config import BotSettings
from services.telegram.domain import SUBSCRIPTION_SECONDS

CALL_SECONDS = 4.0
STARS = "XTR"
REFUNDED_ALREADY = "CHARGE_ALREADY_REFUNDED"
REFUSALS = (TelegramBadRequest, TelegramForbiddenError, TelegramNotFound)

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Profile:
    """Who the bot is."""

    telegram_id: int
    username: str


@dataclass(frozen=True)
class Sent:
    """A message that was sent."""

    chat_id: int
    message_id: int
    time: datetime


@dataclass(frozen=True)
class Transaction:
    """A transaction in Stars. `telegram_id` 0: the other side is no user."""

    id: str
    amount: int
    nanostar_amount: int
    incoming: bool
    telegram_id: int
    time: datetime


class BotApi:
    """Calls of the Bot API. Each raises an error of the kernel when it fails.

    Raises:
        FailedPreconditionError: Telegram refuses; asking again would not help.
        UnavailableError: Telegram is away, or asks to wait.
    """

    def __init__(self, settings: BotSettings) -> None:
        server = TelegramAPIServer.from_base(settings.api_base)
        session = AiohttpSession(api=server, timeout=CALL_SECONDS)
        self.bot = Bot(settings.token, session=session)

    async def close(self) -> None:
        await self.bot.session.close()

    async def get_profile(self) -> Profile:
        me = await translate(self.bot.get_me())
        return Profile(me.id, me.username or "")

    async def send_text(self, chat_id: int, text: str) -> Sent:
        message = await translate(self.bot.send_message(chat_id, text))
        return Sent(message.chat.id, message.message_id, message.date)

    async def answer_pre_checkout(self, query_id: str, problem: str) -> None:
        """Lets a customer pay, or says why not."""
        await translate(
            self.bot.answer_pre_checkout_query(
                query_id, ok=not problem, error_message=problem or None
            )
        )

    async def create_invoice_link(
        self, title: str, description: str, payload: str, stars: int, *, subscription: bool
    ) -> str:
        call = self.bot.create_invoice_link(
            title=title,
            description=description,
            payload=payload,
            provider_token="",
            currency=STARS,
            prices=[LabeledPrice(label=title, amount=stars)],
            subscription_period=SUBSCRIPTION_SECONDS if subscription else None,
        )
        return await translate(call)

    async def refund_stars(self, telegram_id: int, charge_id: str) -> None:
        """Gives Stars back. A charge that was given back already is no error."""
        try:
            await translate(self.bot.refund_star_payment(telegram_id, charge_id))
        except FailedPreconditionError as error:
            if REFUNDED_ALREADY not in error.message:
                raise

    async def list_star_transactions(self, offset: int, limit: int) -> Sequence[Transaction]:
        found = await translate(self.bot.get_star_transactions(offset=offset, limit=limit))
        return [read_transaction(one) for one in found.transactions]


async def translate(call: Awaitable[Answer]) -> Answer:
    """Awaits a call of the Bot API and says its errors in the kernel's terms."""
    try:
        return await call
    except (AiogramError, TimeoutError, OSError) as error:
        raise to_libral_error(error) from None


def to_libral_error(error: Exception) -> LibralError:
    if isinstance(error, TelegramRetryAfter):
        return UnavailableError(
            "TELEGRAM_BUSY",
            f"Telegram asks to wait {error.retry_after} seconds.",
            localized="Telegramの送信制限に達しました。しばらくお待ちください。",
        )
    if isinstance(error, TelegramUnauthorizedError):
        return FailedPreconditionError(
            "BOT_TOKEN_REFUSED",
            "Telegram refuses the bot's token.",
            localized="Telegramがボットのトークンを受け付けません。",
        )
    if isinstance(error, REFUSALS):
        return FailedPreconditionError(
            "TELEGRAM_REFUSED",
            f"Telegram refused: {error.message}",
            localized="Telegramが受け付けませんでした。",
        )
    return UnavailableError(
        "TELEGRAM_UNAVAILABLE",
        "Telegram does not answer.",
        localized="Telegramが応答していません。",
    )


def read_transaction(one: StarTransaction) -> Transaction:
    partner = one.source or one.receiver
    return Transaction(
        id=one.id,
        amount=one.amount,
        nanostar_amount=one.nanostar_amount or 0,
        incoming=one.source is not None,
        telegram_id=partner.user.id if isinstance(partner, TransactionPartnerUser) else 0,
        time=one.date,
    )
