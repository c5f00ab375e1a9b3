import grpc
import pytest
from libral.telegram.v1 import telegram_pb2, telegram_pb2_grpc
from structlog.testing import capture_logs

from services.events.adapters.channels import LogChannel, TelegramChannel
from services.events.domain.checkpoints import ChannelError, Checkpoint
from services.events.domain.entries import Head
from tests.services.events.helpers import MORNING

POINT = Checkpoint(Head(7, bytes(range(32))), Head(), MORNING)


class FakeTelegramService(telegram_pb2_grpc.TelegramServiceServicer):
    """A telegram service that records messages or refuses them."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, str]] = []
        self.refuses = False

    async def SendMessage(self, request, context):
        if self.refuses:
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "There is no bot.")
        self.sent.append((request.chat_id, request.text))
        return telegram_pb2.Message()


@pytest.fixture
async def telegram():
    service, server = FakeTelegramService(), grpc.aio.server()
    telegram_pb2_grpc.add_TelegramServiceServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield service, TelegramChannel(channel, -42)
    await server.stop(None)


async def test_a_chat_gets_position_and_hash(telegram):
    service, channel = telegram
    await channel.publish(POINT)
    [(chat, text)] = service.sent
    assert chat == -42
    assert text == f"ログのチェックポイント 7\n{bytes(range(32)).hex()}"


async def test_a_refused_message_is_an_error(telegram):
    service, channel = telegram
    service.refuses = True
    with pytest.raises(ChannelError, match=r"FAILED_PRECONDITION: There is no bot\."):
        await channel.publish(POINT)


async def test_a_log_line_has_position_and_hash():
    with capture_logs() as lines:
        await LogChannel().publish(POINT)
    [line] = lines
    assert (line["event"], line["position"]) == ("log.checkpoint", 7)
    assert line["hash"] == POINT.head.hash.hex()
