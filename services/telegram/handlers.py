"""What an update does: users are registered, payments recorded, questions answered."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

import grpc
import structlog
from aiogram import Dispatcher, F, Router
from aiogram.filters import Command, CommandStart
from aiogram.types import Message, PreCheckoutQuery, RefundedPayment, SuccessfulPayment, User
from aiogram.types import Update as BotUpdate
from google.protobuf.timestamp_pb2 import Timestamp
from libral.metrics.v1 import metrics_pb2, metrics_pb2_grpc
from libral.payments.v1 import payments_pb2, payments_pb2_grpc
from libral.users.v1 import users_pb2, users_pb2_grpc
from pydantic import ValidationError

from services.kernel.errors import LibralError, invalid
from services.telegram import text
from services.telegram.adapters import STARS, BotApi

KINDS = frozenset({"message", "pre_checkout_query"})

log = structlog.get_logger()


class Handlers:
    """Acts on updates. All that it records is recorded once, however often it is called."""

    def __init__(
        self,
        api: BotApi,
        users: grpc.aio.Channel,
        payments: grpc.aio.Channel,
        metrics: grpc.aio.Channel,
    ) -> None:
        self._api = api
        self._users = users_pb2_grpc.UserServiceStub(users)
        self._payments = payments_pb2_grpc.PaymentServiceStub(payments)
        self._modules = metrics_pb2_grpc.ModuleServiceStub(metrics)
        self._dispatcher = Dispatcher()
        self._dispatcher.include_router(self._router())

    async def handle(self, body: Mapping[str, Any]) -> None:
        """Acts on an update as Telegram sent it. Of a kind that is not known, it does nothing.

        Raises:
            InvalidArgumentError: It is no update of the Bot API.
            LibralError: Telegram is away or refuses.
            AioRpcError: A room is away or refuses.
        """
        try:
            update = BotUpdate.model_validate(body, context={"bot": self._api.bot})
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise invalid(".".join(map(str, first["loc"])), first["msg"]) from None
        if KINDS & update.model_fields_set:
            await self._dispatcher.feed_update(self._api.bot, update)

    def _router(self) -> Router:
        router = Router()
        router.pre_checkout_query.register(self._check_out)
        router.message.register(self._pay, F.successful_payment)
        router.message.register(self._refund, F.refunded_payment)
        router.message.register(self._start, CommandStart())
        router.message.register(self._show_status, Command("status"))
        router.message.register(self._see, F.from_user)
        return router

    async def _start(self, message: Message) -> None:
        if message.from_user is None:
            return
        recorded = await self._record(message.from_user, message.date)
        words = text.WELCOME if recorded.created else text.WELCOME_BACK
        await self._reply(message, words.format(name=message.from_user.full_name))

    async def _see(self, message: Message) -> None:
        if message.from_user is not None and not message.from_user.is_bot:
            await self._record(message.from_user, message.date)

    async def _show_status(self, message: Message) -> None:
        await self._see(message)
        try:
            found = await self._modules.ListModules(metrics_pb2.ListModulesRequest())
        except grpc.aio.AioRpcError:
            await self._reply(message, text.STATUS_UNKNOWN)
            return
        lines = [text.STATUS, *map(status_line, found.modules)]
        await self._reply(message, "\n".join(lines))

    async def _check_out(self, query: PreCheckoutQuery) -> None:
        payable = query.total_amount > 0 and bool(query.invoice_payload)
        await self._api.answer_pre_checkout(query.id, "" if payable else text.NOT_PAYABLE)

    async def _pay(self, message: Message) -> None:
        if message.from_user is None or message.successful_payment is None:
            return
        recorded = await self._record(message.from_user, message.date)
        paid = message.successful_payment
        request = payment_request(message.from_user.id, recorded.user.name, paid, message.date)
        payment = await self._payments.RecordTelegramPayment(request)
        await self._reply(message, text.PAID.format(amount=amount_text(payment)))

    async def _refund(self, message: Message) -> None:
        if message.refunded_payment is None:
            return
        request = refund_request(message.chat.id, message.refunded_payment, message.date)
        await self._payments.RecordTelegramRefund(request)

    async def _record(self, user: User, seen: datetime) -> users_pb2.RecordTelegramUserResponse:
        return await self._users.RecordTelegramUser(
            users_pb2.RecordTelegramUserRequest(
                telegram_id=user.id,
                display_name=user.full_name,
                telegram_username=user.username or "",
                language_code=user.language_code or "",
                seen_time=stamp(seen),
            )
        )

    async def _reply(self, message: Message, words: str) -> None:
        """Answers in the chat. What was recorded stands even if the answer does not arrive."""
        try:
            await self._api.send_text(message.chat.id, words)
        except LibralError as error:
            log.warning("reply.lost", reason=error.reason)


def payment_request(
    telegram_id: int, user: str, paid: SuccessfulPayment, time: datetime
) -> payments_pb2.RecordTelegramPaymentRequest:
    """Writes a SuccessfulPayment of the Bot API as the payments room takes it."""
    request = payments_pb2.RecordTelegramPaymentRequest(
        telegram_id=telegram_id,
        user=user,
        currency_code=paid.currency,
        total_amount=paid.total_amount,
        telegram_charge_id=paid.telegram_payment_charge_id,
        provider_charge_id=paid.provider_payment_charge_id,
        invoice_payload=paid.invoice_payload,
        pay_time=stamp(time),
        recurring=bool(paid.is_recurring),
        first_recurring=bool(paid.is_first_recurring),
    )
    if paid.subscription_expiration_date is not None:
        expire = cast("int | datetime", paid.subscription_expiration_date)
        seconds = expire.timestamp() if isinstance(expire, datetime) else expire
        request.subscription_expire_time.FromSeconds(int(seconds))
    return request


def refund_request(
    telegram_id: int, refunded: RefundedPayment, time: datetime
) -> payments_pb2.RecordTelegramRefundRequest:
    """Writes a RefundedPayment of the Bot API as the payments room takes it."""
    return payments_pb2.RecordTelegramRefundRequest(
        telegram_charge_id=refunded.telegram_payment_charge_id,
        currency_code=refunded.currency,
        total_amount=refunded.total_amount,
        telegram_id=telegram_id,
        refund_time=stamp(time),
    )


def stamp(time: datetime) -> Timestamp:
    message = Timestamp()
    message.FromDatetime(time.astimezone(UTC))
    return message


def status_line(module: metrics_pb2.Module) -> str:
    name = module.name.removeprefix("modules/")
    state = metrics_pb2.Module.State.Name(module.state)
    return f"{text.MODULES.get(name, name)}：{text.STATES.get(state, text.STATE_UNKNOWN)}"


def amount_text(payment: payments_pb2.Payment) -> str:
    """Writes an amount with all the digits that it has."""
    amount = payment.amount
    if amount.currency_code == STARS:
        return f"{amount.units:,} ⭐"
    fraction = f"{abs(amount.nanos):09d}".rstrip("0")
    return f"{amount.units:,}{'.' * bool(fraction)}{fraction} {amount.currency_code}"
