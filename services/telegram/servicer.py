"""TelegramService: contract ↔ domain. Imports aiogram for types only."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import grpc
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.empty_pb2 import Empty
from google.protobuf.timestamp_pb2 import Timestamp
from libral.telegram.v1 import telegram_pb2, telegram_pb2_grpc

from services.kernel.calls import audit_subject
from services.kernel.errors import FailedPreconditionError, invalid
from services.kernel.server import Kernel
from services.telegram import domain, storage

if TYPE_CHECKING:
    from services.telegram.adapters import BotApi, Transaction
    from services.telegram.worker import Watcher, Worker

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - the name of a header
TRANSACTIONS_MAX = 100

Context = grpc.aio.ServicerContext[Any, Any]
Bot = telegram_pb2.Bot


class ConfiguredBot:
    """The bot and what works for it."""

    def __init__(self, api: BotApi, watcher: Watcher, worker: Worker, webhook_secret: str) -> None:
        self.api = api
        self.watcher = watcher
        self.worker = worker
        self.webhook_secret = webhook_secret


class TelegramServicer(telegram_pb2_grpc.TelegramServiceServicer):
    """Serves the bot. Without one, says so."""

    def __init__(self, kernel: Kernel, bot: ConfiguredBot | None) -> None:
        self._kernel = kernel
        self._configured = bot

    async def ReceiveUpdate(self, request: HttpBody, context: Context) -> Empty:
        bot = self._bot()
        metadata = dict(context.invocation_metadata() or ())
        domain.check_secret(str(metadata.get(SECRET_HEADER, "")), bot.webhook_secret)
        update = domain.parse_update(request.data)
        async with self._kernel.database.transaction() as connection:
            await storage.keep_update(connection, update, self._kernel.clock.now())
        bot.worker.wake(update.kind)
        return Empty()

    async def GetBot(self, request: telegram_pb2.GetBotRequest, context: Context) -> Bot:
        async with self._kernel.database.reading() as connection:
            counts = await storage.count_updates(connection)
        message = Bot(
            state=Bot.UNCONFIGURED,
            pending_update_count=counts.pending,
            failed_update_count=counts.failed,
            last_update_time=stamp(counts.last_time),
        )
        if self._configured is not None:
            describe_bot(message, self._configured.watcher)
        return message

    async def SendMessage(
        self, request: telegram_pb2.SendMessageRequest, context: Context
    ) -> telegram_pb2.Message:
        audit_subject(f"chats/{request.chat_id}")
        bot = self._bot()
        domain.check_message(request.chat_id, request.text)
        sent = await bot.api.send_text(request.chat_id, request.text)
        return telegram_pb2.Message(
            chat_id=sent.chat_id, message_id=sent.message_id, send_time=stamp(sent.time)
        )

    async def CreateInvoice(
        self, request: telegram_pb2.CreateInvoiceRequest, context: Context
    ) -> telegram_pb2.Invoice:
        bot, invoice = self._bot(), request.invoice
        terms = (invoice.title, invoice.description, invoice.payload, invoice.stars)
        domain.check_invoice(*terms, subscription=invoice.subscription)
        link = await bot.api.create_invoice_link(*terms, subscription=invoice.subscription)
        invoice.link = link
        return invoice

    async def RefundStars(
        self, request: telegram_pb2.RefundStarsRequest, context: Context
    ) -> Empty:
        if not request.telegram_charge_id:
            raise invalid("telegram_charge_id", "It must be set.")
        await self._bot().api.refund_stars(request.telegram_id, request.telegram_charge_id)
        return Empty()

    async def ListStarTransactions(
        self, request: telegram_pb2.ListStarTransactionsRequest, context: Context
    ) -> telegram_pb2.ListStarTransactionsResponse:
        limit = request.limit or TRANSACTIONS_MAX
        if request.offset < 0 or not 0 < limit <= TRANSACTIONS_MAX:
            raise invalid("limit", "Use an offset from 0 and a limit of 1 to 100.")
        found = await self._bot().api.list_star_transactions(request.offset, limit)
        return telegram_pb2.ListStarTransactionsResponse(
            transactions=map(transaction_message, found)
        )

    def _bot(self) -> ConfiguredBot:
        if self._configured is None:
            raise FailedPreconditionError(
                "BOT_UNCONFIGURED",
                "The bot is not configured: set TELEGRAM_BOT_TOKEN.",
                localized="Telegramボットが未設定です。",
            )
        return self._configured


def describe_bot(message: Bot, watcher: Watcher) -> None:
    """Fills in what the last look at the bot found."""
    message.problem = watcher.problem
    message.check_time.CopyFrom(stamp(watcher.time) or Timestamp())
    message.state = Bot.UNREACHABLE if watcher.problem else Bot.CONNECTED
    if watcher.profile is not None:
        message.username = watcher.profile.username
        message.telegram_id = watcher.profile.telegram_id
    elif not watcher.problem:
        message.state = Bot.STATE_UNSPECIFIED


def transaction_message(transaction: Transaction) -> telegram_pb2.StarTransaction:
    return telegram_pb2.StarTransaction(
        id=transaction.id,
        amount=transaction.amount,
        nanostar_amount=transaction.nanostar_amount,
        incoming=transaction.incoming,
        telegram_id=transaction.telegram_id,
        time=stamp(transaction.time),
    )


def stamp(time: datetime | None) -> Timestamp | None:
    if time is None:
        return None
    message = Timestamp()
    message.FromDatetime(time)
    return message
