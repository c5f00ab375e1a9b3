"""Fixtures: the telegram service with real users and payments services and a fake Bot API.

Tests of single parts use a migrated database and the same Bot API.
"""

import asyncio
import json
from datetime import UTC, datetime

import grpc
import pytest
from google.api.httpbody_pb2 import HttpBody
from libral.metrics.v1 import metrics_pb2, metrics_pb2_grpc
from libral.telegram.v1 import telegram_pb2_grpc as contract
from sqlalchemy import MetaData

from services.kernel.clock import FixedClock
from services.kernel.database import migrate
from services.kernel.database.database import Database
from services.kernel.database.tables import KernelTables
from services.kernel.events.outbox import Outbox
from services.payments.__main__ import build as build_payments
from services.telegram import workers
from services.telegram.__main__ import build
from services.telegram.adapters.bot_api import BotApi
from services.telegram.config import BotSettings
from services.telegram.service import update_processor
from services.telegram.service.inbox import UpdateInbox
from services.telegram.service.update_processor import UpdateProcessor
from services.users.__main__ import build as build_users
from tests.fakes import botapi

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class RecordingHandler:
    """Replaces UpdateHandler: records updates, and fails or blocks them by id."""

    def __init__(self) -> None:
        self.handled: list[int] = []
        self.failures: dict[int, Exception] = {}
        self.gates: dict[int, asyncio.Event] = {}

    async def handle_update(self, body) -> None:
        update_id = body["update_id"]
        if gate := self.gates.get(update_id):
            await gate.wait()
        self.handled.append(update_id)
        if failure := self.failures.get(update_id):
            raise failure


class FakeModules(metrics_pb2_grpc.ModuleServiceServicer):
    """Serves two modules."""

    async def ListModules(self, request, context):
        module = metrics_pb2.Module
        return metrics_pb2.ListModulesResponse(
            modules=[
                module(name="modules/users", state=module.HEALTHY),
                module(name="modules/payments", state=module.STOPPED),
            ]
        )


@pytest.fixture
async def api():
    async with botapi.serve_bot_api() as fake:
        yield fake


@pytest.fixture
async def bot_api(api):
    """A client of the fake Bot API."""
    client = BotApi(BotSettings(botapi.TOKEN, botapi.SECRET, api.url))
    yield client
    await client.close()


@pytest.fixture
async def database(database_url):
    """The migrated database of the telegram service, without a running service."""
    await migrate.migrate_schema("telegram", database_url)
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def inbox(database, clock) -> UpdateInbox:
    return UpdateInbox(database, clock, botapi.SECRET)


@pytest.fixture
def handler() -> RecordingHandler:
    return RecordingHandler()


@pytest.fixture
def processor(database, clock, handler) -> UpdateProcessor:
    outbox = Outbox(KernelTables.of(MetaData(schema="telegram")), clock)
    return UpdateProcessor(database, clock, outbox, handler)


@pytest.fixture
def receive(inbox):
    """Return a function that stores an update as a webhook call does."""

    async def receive(update: dict) -> None:
        await inbox.receive_update(botapi.SECRET, json.dumps(update).encode())

    return receive


@pytest.fixture
async def modules_target():
    server = grpc.aio.server()
    metrics_pb2_grpc.add_ModuleServiceServicer_to_server(FakeModules(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield f"127.0.0.1:{port}"
    await server.stop(0)


@pytest.fixture
async def users(mesh, users_environment):
    return await mesh.start("users", build_users, users_environment)


@pytest.fixture
async def payments(mesh):
    return await mesh.start("payments", build_payments, {"LIBRAL_TELEGRAM_TARGET": "127.0.0.1:9"})


@pytest.fixture
async def environment(api, modules_target, payments):
    return {
        "LIBRAL_PAYMENTS_TARGET": f"127.0.0.1:{payments.port}",
        "LIBRAL_METRICS_TARGET": modules_target,
        "TELEGRAM_BOT_TOKEN": botapi.TOKEN,
        "TELEGRAM_WEBHOOK_SECRET": botapi.SECRET,
        "TELEGRAM_API_BASE": api.url,
    }


@pytest.fixture
async def service(mesh, users, environment, monkeypatch):
    monkeypatch.setattr(update_processor, "retry_seconds", lambda tries: 0.05)
    monkeypatch.setattr(workers, "IDLE_SECONDS", 0.05)
    target = f"127.0.0.1:{users.port}"
    return await mesh.start("telegram", build, environment, users_target=target)


@pytest.fixture
def telegram(mesh, service):
    return contract.TelegramServiceStub(mesh.channel(service))


@pytest.fixture
def post_to(mesh):
    """Return a function that makes a sender of updates, which calls ReceiveUpdate."""

    def make(service):
        stub = contract.TelegramServiceStub(mesh.anonymous_channel(service))

        async def send(update: dict | bytes, secret: str = botapi.SECRET) -> None:
            body = update if isinstance(update, bytes) else json.dumps(update).encode()
            metadata = (("x-telegram-bot-api-secret-token", secret),)
            await stub.ReceiveUpdate(
                HttpBody(content_type="application/json", data=body), metadata=metadata
            )

        return send

    return make


@pytest.fixture
def post(post_to, service):
    return post_to(service)
