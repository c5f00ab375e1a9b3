"""Checkpoint channels other than files: the service's log output and a Telegram chat."""

import grpc
import structlog
from libral.telegram.v1 import telegram_pb2, telegram_pb2_grpc

from services.events.domain.checkpoints import ChannelError, Checkpoint
from services.events.text import CHECKPOINT

SEND_SECONDS = 5.0

log = structlog.get_logger()


class LogChannel:
    """Publish checkpoints as log lines."""

    name = "LOG"
    causes_events = False

    async def publish(self, checkpoint: Checkpoint) -> None:
        log.info(
            "log.checkpoint",
            position=checkpoint.head.position,
            hash=checkpoint.head.hash.hex(),
        )


class TelegramChannel:
    """Publish checkpoints in a chat, which database administrators cannot alter."""

    name = "TELEGRAM"
    causes_events = True

    def __init__(self, telegram: grpc.aio.Channel, chat_id: int) -> None:
        self._telegram = telegram_pb2_grpc.TelegramServiceStub(telegram)
        self._chat_id = chat_id

    async def publish(self, checkpoint: Checkpoint) -> None:
        head = checkpoint.head
        text = CHECKPOINT.format(position=head.position, hash=head.hash.hex())
        request = telegram_pb2.SendMessageRequest(chat_id=self._chat_id, text=text)
        try:
            await self._telegram.SendMessage(request, timeout=SEND_SECONDS)
        except grpc.aio.AioRpcError as error:
            raise ChannelError(f"{error.code().name}: {error.details()}") from None
