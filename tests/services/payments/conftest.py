"""The payments room, running beside a telegram room that does what the test says."""

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from libral.payments.v1 import payments_pb2_grpc as contract
from libral.telegram.v1 import telegram_pb2, telegram_pb2_grpc

from services.payments.__main__ import build


class FakeTelegram(telegram_pb2_grpc.TelegramServiceServicer):
    """Refunds unless told otherwise, and has the statement that the test gives."""

    def __init__(self) -> None:
        self.refunded: list[str] = []
        self.failure: grpc.StatusCode | None = None
        self.statement: list[telegram_pb2.StarTransaction] = []

    async def RefundStars(self, request, context):
        if self.failure is not None:
            await context.abort(self.failure, "BALANCE_TOO_LOW")
        self.refunded.append(request.telegram_charge_id)
        return Empty()

    async def ListStarTransactions(self, request, context):
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
async def room(mesh, telegram):
    return await mesh.start("payments", build, {"LIBRAL_TELEGRAM_TARGET": telegram.target})


@pytest.fixture
def payments(mesh, room):
    return contract.PaymentServiceStub(mesh.channel(room))


@pytest.fixture
def ledger(mesh, room):
    return contract.LedgerServiceStub(mesh.channel(room))
