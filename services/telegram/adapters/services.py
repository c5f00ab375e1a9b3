"""Clients of the users, payments and metrics services."""

from collections.abc import Sequence
from datetime import datetime

import grpc
from libral.metrics.v1 import metrics_pb2, metrics_pb2_grpc
from libral.payments.v1 import payments_pb2, payments_pb2_grpc
from libral.users.v1 import users_pb2, users_pb2_grpc

from services.kernel.messages import timestamp
from services.telegram.domain.chat import (
    Amount,
    MessageSender,
    ModuleStatus,
    RefundedPayment,
    RegisteredUser,
    SuccessfulPayment,
)


class UsersClient:
    """Client of the users service. Raises AioRpcError if a call fails."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = users_pb2_grpc.UserServiceStub(channel)

    async def register_user(self, sender: MessageSender, seen: datetime) -> RegisteredUser:
        """Register the sender as a user, or update the existing user."""
        response = await self._stub.RecordTelegramUser(
            users_pb2.RecordTelegramUserRequest(
                telegram_id=sender.telegram_id,
                display_name=sender.full_name,
                telegram_username=sender.username,
                language_code=sender.language_code,
                seen_time=timestamp(seen),
            )
        )
        return RegisteredUser(response.user.name, response.created)


class PaymentsClient:
    """Client of the payments service. Raises AioRpcError if a call fails."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = payments_pb2_grpc.PaymentServiceStub(channel)

    async def record_payment(
        self, telegram_id: int, user_name: str, paid: SuccessfulPayment, time: datetime
    ) -> Amount:
        """Record a payment and return its amount. A known charge id is not recorded again."""
        payment = await self._stub.RecordTelegramPayment(
            payments_pb2.RecordTelegramPaymentRequest(
                telegram_id=telegram_id,
                user=user_name,
                currency_code=paid.currency,
                total_amount=paid.amount,
                telegram_charge_id=paid.charge_id,
                provider_charge_id=paid.provider_charge_id,
                invoice_payload=paid.payload,
                pay_time=timestamp(time),
                subscription_expire_time=timestamp(paid.subscription_expire_time),
                recurring=paid.recurring,
                first_recurring=paid.first_recurring,
            )
        )
        amount = payment.amount
        return Amount(amount.currency_code, amount.units, amount.nanos)

    async def record_refund(
        self, telegram_id: int, refund: RefundedPayment, time: datetime
    ) -> None:
        """Record a refund. A known charge id is not recorded again."""
        await self._stub.RecordTelegramRefund(
            payments_pb2.RecordTelegramRefundRequest(
                telegram_charge_id=refund.charge_id,
                currency_code=refund.currency,
                total_amount=refund.amount,
                telegram_id=telegram_id,
                refund_time=timestamp(time),
            )
        )


class ModulesClient:
    """Client of the metrics service."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = metrics_pb2_grpc.ModuleServiceStub(channel)

    async def list_module_states(self) -> Sequence[ModuleStatus] | None:
        """Return the states of all modules, or None if the call fails."""
        try:
            found = await self._stub.ListModules(metrics_pb2.ListModulesRequest())
        except grpc.aio.AioRpcError:
            return None
        return [
            ModuleStatus(
                one.name.removeprefix("modules/"), metrics_pb2.Module.State.Name(one.state)
            )
            for one in found.modules
        ]
