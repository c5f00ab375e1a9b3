from datetime import timedelta

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.money_pb2 import Money
from libral.metrics.v1 import metrics_pb2, metrics_pb2_grpc
from libral.payments.v1 import payments_pb2, payments_pb2_grpc
from libral.users.v1 import users_pb2, users_pb2_grpc

from services.telegram.adapters.services import ModulesClient, PaymentsClient, UsersClient
from services.telegram.domain.chat import (
    Amount,
    MessageSender,
    ModuleStatus,
    RefundedPayment,
    RegisteredUser,
    SuccessfulPayment,
)
from tests.services.telegram.conftest import NOW

TIME = Timestamp(seconds=int(NOW.timestamp()))
SENDER = MessageSender(42, "花子 山田", "user42", "ja", is_bot=False)


class FakePeerServices(
    users_pb2_grpc.UserServiceServicer,
    payments_pb2_grpc.PaymentServiceServicer,
    metrics_pb2_grpc.ModuleServiceServicer,
):
    """Record requests, and abort with `failure` if it is set."""

    def __init__(self) -> None:
        self.requests: list = []
        self.failure: grpc.StatusCode | None = None

    async def record(self, request, context) -> None:
        self.requests.append(request)
        if self.failure is not None:
            await context.abort(self.failure, "x")

    async def RecordTelegramUser(self, request, context):
        await self.record(request, context)
        user = users_pb2.User(name="users/1")
        return users_pb2.RecordTelegramUserResponse(user=user, created=True)

    async def RecordTelegramPayment(self, request, context):
        await self.record(request, context)
        amount = Money(currency_code="USD", units=19, nanos=990_000_000)
        return payments_pb2.Payment(amount=amount)

    async def RecordTelegramRefund(self, request, context):
        await self.record(request, context)
        return payments_pb2.Payment()

    async def ListModules(self, request, context):
        await self.record(request, context)
        module = metrics_pb2.Module
        return metrics_pb2.ListModulesResponse(
            modules=[module(name="modules/users", state=module.HEALTHY), module(name="shop")]
        )


@pytest.fixture
def fake() -> FakePeerServices:
    return FakePeerServices()


@pytest.fixture
async def channel(fake):
    server = grpc.aio.server()
    users_pb2_grpc.add_UserServiceServicer_to_server(fake, server)
    payments_pb2_grpc.add_PaymentServiceServicer_to_server(fake, server)
    metrics_pb2_grpc.add_ModuleServiceServicer_to_server(fake, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    await server.stop(0)


async def test_a_sender_is_registered(fake, channel):
    user = await UsersClient(channel).register_user(SENDER, NOW)
    assert user == RegisteredUser("users/1", created=True)
    assert fake.requests == [
        users_pb2.RecordTelegramUserRequest(
            telegram_id=42,
            display_name="花子 山田",
            telegram_username="user42",
            language_code="ja",
            seen_time=TIME,
        )
    ]


async def test_a_payment_is_recorded(fake, channel):
    expire = NOW + timedelta(days=30)
    paid = SuccessfulPayment(
        "USD", 1999, "charge", "p", "order-1", expire, recurring=True, first_recurring=True
    )
    amount = await PaymentsClient(channel).record_payment(42, "users/1", paid, NOW)
    assert amount == Amount("USD", 19, 990_000_000)
    assert fake.requests == [
        payments_pb2.RecordTelegramPaymentRequest(
            telegram_id=42,
            user="users/1",
            currency_code="USD",
            total_amount=1999,
            telegram_charge_id="charge",
            provider_charge_id="p",
            invoice_payload="order-1",
            pay_time=TIME,
            subscription_expire_time=Timestamp(seconds=TIME.seconds + 30 * 86400),
            recurring=True,
            first_recurring=True,
        )
    ]


async def test_a_payment_without_a_subscription(fake, channel):
    paid = SuccessfulPayment("XTR", 100, "charge", "", "order-1")
    await PaymentsClient(channel).record_payment(42, "users/1", paid, NOW)
    (request,) = fake.requests
    assert not request.HasField("subscription_expire_time")


async def test_a_refund_is_recorded(fake, channel):
    refund = RefundedPayment("XTR", 100, "charge")
    await PaymentsClient(channel).record_refund(42, refund, NOW)
    assert fake.requests == [
        payments_pb2.RecordTelegramRefundRequest(
            telegram_charge_id="charge",
            currency_code="XTR",
            total_amount=100,
            telegram_id=42,
            refund_time=TIME,
        )
    ]


async def test_failures_of_users_and_payments_are_raised(fake, channel):
    fake.failure = grpc.StatusCode.UNAVAILABLE
    with pytest.raises(grpc.aio.AioRpcError):
        await UsersClient(channel).register_user(SENDER, NOW)
    with pytest.raises(grpc.aio.AioRpcError):
        await PaymentsClient(channel).record_refund(42, RefundedPayment("XTR", 1, "c"), NOW)


async def test_states_of_modules_or_none(fake, channel):
    client = ModulesClient(channel)
    assert await client.list_module_states() == [
        ModuleStatus("users", "HEALTHY"),
        ModuleStatus("shop", "STATE_UNSPECIFIED"),
    ]
    fake.failure = grpc.StatusCode.UNAVAILABLE
    assert await client.list_module_states() is None
