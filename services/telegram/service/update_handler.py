"""Handling of updates: registers users, records payments, replies to commands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog

from services.kernel.errors import LibralError
from services.telegram import text
from services.telegram.adapters.services import ModulesClient, PaymentsClient, UsersClient
from services.telegram.domain.chat import (
    BotCommand,
    ChatMessage,
    MessageSender,
    PreCheckoutQuery,
    RefundedPayment,
    SuccessfulPayment,
)
from services.telegram.service.replies import payment_reply, status_reply, welcome_reply

if TYPE_CHECKING:
    from services.telegram.adapters.bot_api import BotApi
    from services.telegram.adapters.update_reader import UpdateReader

log = structlog.get_logger()


class UpdateHandler:
    """Handles updates. Handling an update again records nothing twice."""

    def __init__(
        self,
        reader: UpdateReader,
        api: BotApi,
        users: UsersClient,
        payments: PaymentsClient,
        modules: ModulesClient,
    ) -> None:
        self._reader = reader
        self._api = api
        self._users = users
        self._payments = payments
        self._modules = modules

    async def handle_update(self, body: Mapping[str, Any]) -> None:
        """Handle the body of an update. Updates of an unknown kind are ignored.

        Raises:
            InvalidArgumentError: It is not an update of the Bot API.
            LibralError: Telegram refuses a call or is unavailable.
            AioRpcError: A call of another service fails.
        """
        match await self._reader.read_update(body):
            case PreCheckoutQuery() as query:
                problem = "" if query.payable else text.NOT_PAYABLE
                await self._api.answer_pre_checkout(query.id, problem)
            case ChatMessage() as message:
                await self._handle_message(message)
            case None:
                pass

    async def _handle_message(self, message: ChatMessage) -> None:
        sender, time = message.sender, message.time
        match message.content:
            case RefundedPayment() as refund:
                await self._payments.record_refund(message.chat_id, refund, time)
            case SuccessfulPayment() as payment if sender is not None:
                await self._record_payment(message.chat_id, sender, payment, time)
            case BotCommand.START if sender is not None:
                user = await self._users.register_user(sender, time)
                reply = welcome_reply(sender.full_name, created=user.created)
                await self._reply(message.chat_id, reply)
            case BotCommand.STATUS:
                await self._register_person(sender, time)
                await self._reply(
                    message.chat_id, status_reply(await self._modules.list_module_states())
                )
            case None:
                await self._register_person(sender, time)
            case _:
                pass

    async def _record_payment(
        self, chat_id: int, sender: MessageSender, payment: SuccessfulPayment, time: datetime
    ) -> None:
        user = await self._users.register_user(sender, time)
        amount = await self._payments.record_payment(sender.telegram_id, user.name, payment, time)
        await self._reply(chat_id, payment_reply(amount))

    async def _register_person(self, sender: MessageSender | None, time: datetime) -> None:
        if sender is not None and not sender.is_bot:
            await self._users.register_user(sender, time)

    async def _reply(self, chat_id: int, words: str) -> None:
        """Send a reply. Failures are logged and not raised, since the update took effect."""
        try:
            await self._api.send_text(chat_id, words)
        except LibralError as error:
            log.warning("reply.send_failed", reason=error.reason)
