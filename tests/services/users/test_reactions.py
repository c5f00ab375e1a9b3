"""Payments of a real payments service, consumed from a real event log."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.money_pb2 import Money
from libral.payments.v1 import payments_pb2, payments_pb2_grpc
from libral.users.v1 import users_pb2, users_pb2_grpc

from deploy.local import embedded
from services.events.__main__ import build as build_events
from services.kernel.errors import UnavailableError
from services.kernel.events import consumer
from services.payments.__main__ import build as build_payments
from services.users.__main__ import build
from services.users.storage import purchases as storage
from tests.services.helpers import eventually, refused

TIME = Timestamp(seconds=1_767_225_600)


@dataclass
class Shop:
    """A payments service, an event log, and users services that start and stop."""

    mesh: Any
    environment: dict[str, str]
    target: str
    payments: payments_pb2_grpc.PaymentServiceStub
    charges: Any = field(default_factory=count)

    async def open_users(self, stack: AsyncExitStack) -> users_pb2_grpc.UserServiceStub:
        mesh = replace(self.mesh, stack=stack)
        service = await mesh.start("users", build, self.environment, events_target=self.target)
        return users_pb2_grpc.UserServiceStub(mesh.channel(service))

    async def pay(self, user: str, amount: int, currency: str = "XTR", telegram_id: int = 42):
        request = payments_pb2.RecordTelegramPaymentRequest(
            user=user,
            telegram_id=telegram_id,
            currency_code=currency,
            total_amount=amount,
            telegram_charge_id=f"charge-{next(self.charges)}",
            invoice_payload="p",
            pay_time=TIME,
        )
        await self.payments.RecordTelegramPayment(request)
        return request

    async def refund(self, paid: payments_pb2.RecordTelegramPaymentRequest) -> None:
        await self.payments.RecordTelegramRefund(
            payments_pb2.RecordTelegramRefundRequest(
                telegram_id=paid.telegram_id,
                telegram_charge_id=paid.telegram_charge_id,
                currency_code=paid.currency_code,
                total_amount=paid.total_amount,
                refund_time=TIME,
            )
        )


@pytest.fixture
async def shop(mesh, users_environment, redis_url, monkeypatch) -> Shop:
    monkeypatch.setattr(consumer, "RECONNECT_SECONDS", 0.05)
    monkeypatch.setattr(consumer, "RETRY_SECONDS", (0, 0, 0, 0))
    events = await mesh.start("events", build_events, {"REDIS_URL": redis_url})
    target = f"127.0.0.1:{events.port}"
    environment = {"LIBRAL_TELEGRAM_TARGET": "127.0.0.1:9"}
    service = await mesh.start("payments", build_payments, environment, events_target=target)
    stub = payments_pb2_grpc.PaymentServiceStub(mesh.channel(service))
    return Shop(mesh, users_environment, target, stub)


@pytest.fixture
async def users(shop):
    async with AsyncExitStack() as stack:
        yield await shop.open_users(stack)


def purchase(user: str, currency: str, payments: int, refunds: int, paid: Money, back: Money):
    return users_pb2.UserPurchase(
        name=f"{user}/purchases/{currency}",
        currency_code=currency,
        payment_count=payments,
        refund_count=refunds,
        paid_amount=paid,
        refunded_amount=back,
    )


def stars(amount: int) -> Money:
    return Money(currency_code="XTR", units=amount)


async def kept(users, user: str, **request) -> list[users_pb2.UserPurchase]:
    wanted = users_pb2.ListUserPurchasesRequest(parent=user, **request)
    return list((await users.ListUserPurchases(wanted)).purchases)


async def settles(users, user: str, *expected: users_pb2.UserPurchase) -> None:
    """Wait for the expected purchases, and check that they do not change for a moment."""

    async def holds() -> bool:
        return await kept(users, user) == list(expected)

    await eventually(holds)
    await asyncio.sleep(0.3)
    assert await holds()


async def create(users, login: str = "taro") -> str:
    user = users_pb2.User(login=login, display_name="名前")
    return (await users.CreateUser(users_pb2.CreateUserRequest(user=user))).name


async def test_sums_are_kept_by_currency(shop, users):
    user = await create(users)
    assert await kept(users, user) == []
    paid = await shop.pay(user, 100)
    await shop.payments.RecordTelegramPayment(paid)
    await shop.pay(user, 50)
    await shop.pay(user, 1999, "USD")
    await shop.refund(paid)
    await shop.refund(paid)
    dollars = Money(currency_code="USD", units=19, nanos=990_000_000)
    none = Money(currency_code="USD")
    usd = purchase(user, "USD", 1, 0, dollars, none)
    xtr = purchase(user, "XTR", 2, 1, stars(150), stars(100))
    await settles(users, user, usd, xtr)
    request = users_pb2.ListUserPurchasesRequest(parent=user, page_size=1)
    first = await users.ListUserPurchases(request)
    request.page_token = first.next_page_token
    rest = await users.ListUserPurchases(request)
    assert [*first.purchases, *rest.purchases] == [usd, xtr]
    assert not rest.next_page_token


async def test_an_event_that_comes_again_counts_once(shop, users, monkeypatch):
    """A failure after the effect rolls it back, and the event is handled again."""
    add, failures = storage.add_purchase, []

    async def fail_at_first(connection, purchase) -> None:
        await add(connection, purchase)
        if len(failures) < 3:
            failures.append(purchase)
            raise UnavailableError("TEST", "The database went away.")

    monkeypatch.setattr(storage, "add_purchase", fail_at_first)
    user = await create(users)
    await shop.pay(user, 100)
    await settles(users, user, purchase(user, "XTR", 1, 0, stars(100), stars(0)))
    assert len(failures) == 3


async def test_a_service_that_was_down_catches_up(shop):
    async with AsyncExitStack() as stack:
        users = await shop.open_users(stack)
        user = await create(users)
        paid = await shop.pay(user, 100)
        await settles(users, user, purchase(user, "XTR", 1, 0, stars(100), stars(0)))
    await shop.refund(paid)
    for _ in range(20):
        await shop.pay(user, 10)
    async with AsyncExitStack() as stack:
        users = await shop.open_users(stack)
        await settles(users, user, purchase(user, "XTR", 21, 1, stars(300), stars(100)))


async def test_payments_of_an_unknown_user_are_kept(shop, users):
    stranger, other = f"users/{uuid4()}", await create(users)
    with refused("NOT_FOUND", "USER_NOT_FOUND"):
        await kept(users, stranger)
    await shop.pay(stranger, 100)
    await shop.pay(other, 1)
    await settles(users, other, purchase(other, "XTR", 1, 0, stars(1), stars(0)))
    assert await kept(users, stranger) == [purchase(stranger, "XTR", 1, 0, stars(100), stars(0))]


async def test_a_payment_without_a_name_belongs_to_its_telegram_id(shop, users):
    seen = users_pb2.RecordTelegramUserRequest(telegram_id=77, display_name="花子", seen_time=TIME)
    user = (await users.RecordTelegramUser(seen)).user.name
    await shop.pay("", 100, telegram_id=77)
    await settles(users, user, purchase(user, "XTR", 1, 0, stars(100), stars(0)))


async def test_a_payment_without_a_buyer_is_dead_lettered_and_the_stream_goes_on(shop, users):
    user = await create(users)
    await shop.pay("", 100, telegram_id=88)
    await shop.pay(user, 1)
    await settles(users, user, purchase(user, "XTR", 1, 0, stars(1), stars(0)))
    errors = embedded.run_statement(shop.mesh.database_url, "SELECT error FROM users.dead_letters")
    assert "has no known buyer" in errors


async def test_a_bad_parent_is_named(users):
    with refused("INVALID_ARGUMENT", fields=["parent"]):
        await kept(users, "users/x")
