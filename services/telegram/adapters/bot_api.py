"""Client of the Bot API (https://core.telegram.org/bots/api), based on aiogram."""

from collections.abc import Awaitable, Sequence
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
from aiogram.types import LabeledPrice, TransactionPartnerUser
from aiogram.types import StarTransaction as ApiTransaction

from services.kernel.errors import FailedPreconditionError, LibralError, UnavailableError
from services.telegram.config import BotSettings
from services.telegram.domain.bot import (
    STARS,
    SUBSCRIPTION_SECONDS,
    BotProfile,
    Invoice,
    SentMessage,
    StarTransaction,
)

CALL_SECONDS = 4.0
REFUNDED_ALREADY = "CHARGE_ALREADY_REFUNDED"
REFUSALS = (TelegramBadRequest, TelegramForbiddenError, TelegramNotFound)

Result = TypeVar("Result")


class BotApi:
    """A client of the Bot API.

    Every method raises FailedPreconditionError if Telegram refuses the call, and UnavailableError
    if Telegram is unavailable or limits the rate of calls.
    """

    def __init__(self, settings: BotSettings) -> None:
        server = TelegramAPIServer.from_base(settings.api_base)
        session = AiohttpSession(api=server, timeout=CALL_SECONDS)
        self.bot = Bot(settings.token, session=session)

    async def close(self) -> None:
        await self.bot.session.close()

    async def get_profile(self) -> BotProfile:
        me = await call_api(self.bot.get_me())
        return BotProfile(me.id, me.username or "")

    async def send_text(self, chat_id: int, text: str) -> SentMessage:
        message = await call_api(self.bot.send_message(chat_id, text))
        return SentMessage(message.chat.id, message.message_id, message.date)

    async def answer_pre_checkout(self, query_id: str, problem: str) -> None:
        """Approve a payment if `problem` is empty, else reject it and show the problem."""
        await call_api(
            self.bot.answer_pre_checkout_query(
                query_id, ok=not problem, error_message=problem or None
            )
        )

    async def create_invoice_link(self, invoice: Invoice) -> str:
        call = self.bot.create_invoice_link(
            title=invoice.title,
            description=invoice.description,
            payload=invoice.payload,
            provider_token="",
            currency=STARS,
            prices=[LabeledPrice(label=invoice.title, amount=invoice.stars)],
            subscription_period=SUBSCRIPTION_SECONDS if invoice.subscription else None,
        )
        return await call_api(call)

    async def refund_stars(self, telegram_id: int, charge_id: str) -> None:
        """Refund a charge. A charge that is already refunded is not an error."""
        try:
            await call_api(self.bot.refund_star_payment(telegram_id, charge_id))
        except FailedPreconditionError as error:
            if REFUNDED_ALREADY not in error.message:
                raise

    async def list_star_transactions(self, offset: int, limit: int) -> Sequence[StarTransaction]:
        found = await call_api(self.bot.get_star_transactions(offset=offset, limit=limit))
        return [read_transaction(one) for one in found.transactions]


async def call_api(call: Awaitable[Result]) -> Result:
    """Await a call of the Bot API. Convert its errors to kernel errors."""
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
            localized="Telegramがリクエストを受け付けませんでした。",
        )
    return UnavailableError(
        "TELEGRAM_UNAVAILABLE",
        "Telegram is unavailable.",
        localized="Telegramが応答していません。",
    )


def read_transaction(one: ApiTransaction) -> StarTransaction:
    partner = one.source or one.receiver
    return StarTransaction(
        id=one.id,
        amount=one.amount,
        nanostar_amount=one.nanostar_amount or 0,
        incoming=one.source is not None,
        telegram_id=partner.user.id if isinstance(partner, TransactionPartnerUser) else 0,
        time=one.date,
    )
