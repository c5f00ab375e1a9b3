"""The users, payments and metrics services, as telegram calls them."""

from collections.abc import Sequence
from datetime import datetime

import grpc
from libral.metrics.v1 import metrics_pb2, metrics_pb2_grpc
from libral.payments.v1 import payments_pb2, payments_pb2_grpc
from libral.users.v1 import users_pb2, users_pb2_grpc

from services.kernel.messages import timestamp
from services.telegram.domain.chat import (
    Amount,
    ModuleState,
    RefundedPayment,
    RegisteredUser,
    Sender,
    SuccessfulPayment,
)


class UsersClient:
    """Registers users at the users service. Raises AioRpcError if a call fails."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = users_pb2_grpc.UserServiceStub(channel)

    async def register(self, sender: Sender, seen: datetime) -> RegisteredUser:
        """Register a sender, or update the user that the sender is."""
        answer = await self._stub.RecordTelegramUser(
            users_pb2.RecordTelegramUserRequest(
                telegram_id=sender.telegram_id,
                display_name=sender.full_name,
                telegram_username=sender.username,
                language_code=sender.language_code,
                seen_time=timestamp(seen),
            )
        )
        return RegisteredUser(answer.user.name, answer.created)


class PaymentsClient:
    """Reports payments to the payments service. Raises AioRpcError if a call fails."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = payments_pb2_grpc.PaymentServiceStub(channel)

    async def record_payment(
        self, telegram_id: int, user_name: str, paid: SuccessfulPayment, time: datetime
    ) -> Amount:
        """Record a payment, once for each charge id, and return its amount."""
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
        """Record a refund, once for each charge id."""
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
    """Reads the states of modules from the metrics service."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = metrics_pb2_grpc.ModuleServiceStub(channel)

    async def list_states(self) -> Sequence[ModuleState] | None:
        """Return the states of all modules, or None if they are not available."""
        try:
            found = await self._stub.ListModules(metrics_pb2.ListModulesRequest())
        except grpc.aio.AioRpcError:
            return None
        return [
            ModuleState(one.name.removeprefix("modules/"), metrics_pb2.Module.State.Name(one.state))
            for one in found.modules
        ]
