"""The telegram room beside real users and payments rooms and a fake Bot API."""

import json

import grpc
import pytest
from google.api.httpbody_pb2 import HttpBody
from libral.metrics.v1 import metrics_pb2, metrics_pb2_grpc
from libral.telegram.v1 import telegram_pb2_grpc as contract

from services.payments.__main__ import build as build_payments
from services.telegram import workers
from services.telegram.__main__ import build
from services.telegram.service import update_processor
from services.users.__main__ import build as build_users
from tests.fakes import botapi


class FakeModules(metrics_pb2_grpc.ModuleServiceServicer):
    """Tells of two modules."""

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
    async with botapi.serve() as fake:
        yield fake


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
async def room(mesh, users, environment, monkeypatch):
    monkeypatch.setattr(update_processor, "retry_seconds", lambda tries: 0.05)
    monkeypatch.setattr(workers, "IDLE_SECONDS", 0.05)
    target = f"127.0.0.1:{users.port}"
    return await mesh.start("telegram", build, environment, users_target=target)


@pytest.fixture
def telegram(mesh, room):
    return contract.TelegramServiceStub(mesh.channel(room))


@pytest.fixture
def post_to(mesh):
    """Makes what posts an update to a telegram room, as the gateway hands it on."""

    def make(room):
        stub = contract.TelegramServiceStub(mesh.anonymous_channel(room))

        async def send(update: dict | bytes, secret: str = botapi.SECRET) -> None:
            body = update if isinstance(update, bytes) else json.dumps(update).encode()
            metadata = (("x-telegram-bot-api-secret-token", secret),)
            await stub.ReceiveUpdate(
                HttpBody(content_type="application/json", data=body), metadata=metadata
            )

        return send

    return make


@pytest.fixture
def post(post_to, room):
    return post_to(room)
