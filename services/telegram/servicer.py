"""TelegramService: contract ↔ service."""

from typing import Any

import grpc
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.empty_pb2 import Empty
from google.protobuf.timestamp_pb2 import Timestamp
from libral.telegram.v1 import telegram_pb2, telegram_pb2_grpc

from services.kernel.calls import set_audit_subject
from services.kernel.errors import invalid
from services.kernel.messages import timestamp
from services.telegram.domain.bot import (
    BotStatus,
    Invoice,
    SentMessage,
    StarTransaction,
    bot_unconfigured,
)
from services.telegram.domain.updates import UpdateCounts
from services.telegram.service.bot import BotService
from services.telegram.service.inbox import UpdateInbox

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - the name of a header
TRANSACTIONS_MAX = 100

Context = grpc.aio.ServicerContext[Any, Any]
Bot = telegram_pb2.Bot


class TelegramServicer(telegram_pb2_grpc.TelegramServiceServicer):
    """Serves the bot and its webhook. `bot` is None without a bot token."""

    def __init__(self, inbox: UpdateInbox, bot: BotService | None) -> None:
        self._inbox = inbox
        self._bot = bot

    async def ReceiveUpdate(self, request: HttpBody, context: Context) -> Empty:
        metadata = dict(context.invocation_metadata() or ())
        await self._inbox.receive_update(str(metadata.get(SECRET_HEADER, "")), request.data)
        return Empty()

    async def GetBot(self, request: telegram_pb2.GetBotRequest, context: Context) -> Bot:
        counts = await self._inbox.count_updates()
        return bot_message(counts, None if self._bot is None else self._bot.status)

    async def SendMessage(
        self, request: telegram_pb2.SendMessageRequest, context: Context
    ) -> telegram_pb2.Message:
        set_audit_subject(f"chats/{request.chat_id}")
        return sent_message(await self._require_bot().send_message(request.chat_id, request.text))

    async def CreateInvoice(
        self, request: telegram_pb2.CreateInvoiceRequest, context: Context
    ) -> telegram_pb2.Invoice:
        invoice = request.invoice
        invoice.link = await self._require_bot().create_invoice_link(read_invoice(invoice))
        return invoice

    async def RefundStars(
        self, request: telegram_pb2.RefundStarsRequest, context: Context
    ) -> Empty:
        if not request.telegram_charge_id:
            raise invalid("telegram_charge_id", "It must be set.")
        await self._require_bot().refund_stars(request.telegram_id, request.telegram_charge_id)
        return Empty()

    async def ListStarTransactions(
        self, request: telegram_pb2.ListStarTransactionsRequest, context: Context
    ) -> telegram_pb2.ListStarTransactionsResponse:
        limit = request.limit or TRANSACTIONS_MAX
        if request.offset < 0 or not 0 < limit <= TRANSACTIONS_MAX:
            raise invalid("limit", "Use an offset from 0 and a limit of 1 to 100.")
        found = await self._require_bot().list_star_transactions(request.offset, limit)
        return telegram_pb2.ListStarTransactionsResponse(
            transactions=map(transaction_message, found)
        )

    def _require_bot(self) -> BotService:
        if self._bot is None:
            raise bot_unconfigured()
        return self._bot


def bot_message(counts: UpdateCounts, status: BotStatus | None) -> Bot:
    """Return the bot as of its last check, or UNCONFIGURED if `status` is None."""
    message = Bot(
        state=Bot.UNCONFIGURED,
        pending_update_count=counts.pending,
        failed_update_count=counts.failed,
        last_update_time=timestamp(counts.last_time),
    )
    if status is not None:
        message.state = Bot.State.ValueType(status.state)
        message.problem = status.problem
        message.check_time.CopyFrom(timestamp(status.check_time) or Timestamp())
        if status.profile is not None:
            message.username = status.profile.username
            message.telegram_id = status.profile.telegram_id
    return message


def sent_message(sent: SentMessage) -> telegram_pb2.Message:
    return telegram_pb2.Message(
        chat_id=sent.chat_id, message_id=sent.message_id, send_time=timestamp(sent.time)
    )


def read_invoice(invoice: telegram_pb2.Invoice) -> Invoice:
    return Invoice(
        title=invoice.title,
        description=invoice.description,
        payload=invoice.payload,
        stars=invoice.stars,
        subscription=invoice.subscription,
    )


def transaction_message(transaction: StarTransaction) -> telegram_pb2.StarTransaction:
    return telegram_pb2.StarTransaction(
        id=transaction.id,
        amount=transaction.amount,
        nanostar_amount=transaction.nanostar_amount,
        incoming=transaction.incoming,
        telegram_id=transaction.telegram_id,
        time=timestamp(transaction.time),
    )
