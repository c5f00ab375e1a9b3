"""The payments service with a fake telegram service, and its parts without a server."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from libral.payments.v1 import payments_pb2
from libral.payments.v1 import payments_pb2_grpc as contract
from libral.telegram.v1 import telegram_pb2, telegram_pb2_grpc
from sqlalchemy import MetaData

from services.kernel.clock import FixedClock
from services.kernel.database import migrate
from services.kernel.database.database import Database
from services.kernel.database.tables import KernelTables
from services.kernel.events.outbox import Outbox
from services.payments.__main__ import build
from services.payments.adapters import TelegramClient
from services.payments.service.bookkeeping import PaymentWriter
from services.payments.service.payments import PaymentService
from services.payments.service.refunds import RefundService
from tests.services.conftest import NOWHERE
from tests.services.payments.helpers import NOW


class FakeTelegram(telegram_pb2_grpc.TelegramServiceServicer):
    """Refund every charge, or fail: every call with `failure`, a charge with `refusals`."""

    def __init__(self) -> None:
        self.refunded: list[str] = []
        self.failure: grpc.StatusCode | None = None
        self.refusals: dict[str, grpc.StatusCode] = {}
        self.statement: list[telegram_pb2.StarTransaction] = []
        self.pages = 0

    async def RefundStars(self, request, context):
        failure = self.refusals.get(request.telegram_charge_id, self.failure)
        if failure is not None:
            await context.abort(failure, "BALANCE_TOO_LOW")
        self.refunded.append(request.telegram_charge_id)
        return Empty()

    async def ListStarTransactions(self, request, context):
        if self.failure is not None:
            await context.abort(self.failure, "BALANCE_TOO_LOW")
        self.pages += 1
        page = self.statement[request.offset : request.offset + request.limit]
        return telegram_pb2.ListStarTransactionsResponse(transactions=page)


@pytest.fixture
async def telegram():
    servicer = FakeTelegram()
    server = grpc.aio.server()
    telegram_pb2_grpc.add_TelegramServiceServicer_to_server(servicer, server)
    servicer.target = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    yield servicer
    await server.stop(0)


@pytest.fixture
def users_target() -> str:
    return NOWHERE


@pytest.fixture
async def service(mesh, telegram, users_target):
    environment = {"LIBRAL_TELEGRAM_TARGET": telegram.target}
    return await mesh.start("payments", build, environment, users_target=users_target)


@pytest.fixture
def payments(mesh, service):
    return contract.PaymentServiceStub(mesh.channel(service))


@pytest.fixture
def ledger(mesh, service):
    return contract.LedgerServiceStub(mesh.channel(service))


@pytest.fixture
def refund(mesh, service, operator):
    """Call RefundPayment as an operator."""
    stub = contract.PaymentServiceStub(mesh.anonymous_channel(service))

    def call(name: str, request_id: str = "", reason: str = "x"):
        request = payments_pb2.RefundPaymentRequest(name=name, reason=reason, request_id=request_id)
        return stub.RefundPayment(request, metadata=operator.metadata)

    return call


@pytest.fixture
async def database(database_url):
    """The migrated database of the payments service, without a running service."""
    await migrate.migrate_schema("payments", database_url)
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW + timedelta(hours=1))


@pytest.fixture
def writer(clock) -> PaymentWriter:
    return PaymentWriter(Outbox(KernelTables.of(MetaData(schema="payments")), clock), clock)


@pytest.fixture
async def telegram_client(telegram):
    async with grpc.aio.insecure_channel(telegram.target) as channel:
        yield TelegramClient(channel)


@pytest.fixture
def payment_service(database, clock, writer) -> PaymentService:
    return PaymentService(database, clock, writer, ZoneInfo("Asia/Tokyo"))


@pytest.fixture
def refund_service(database, clock, writer, telegram_client) -> RefundService:
    return RefundService(database, clock, writer, telegram_client)
