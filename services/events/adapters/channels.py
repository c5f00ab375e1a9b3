"""Where a checkpoint is told, outside of the database: a file, the log lines, a chat."""

import asyncio
import os
from pathlib import Path
from typing import Protocol

import grpc
import structlog
from libral.telegram.v1 import telegram_pb2, telegram_pb2_grpc

from services.events.domain import Checkpoint

SEND_SECONDS = 5.0
PATTERN = "checkpoints-*.jsonl"

log = structlog.get_logger()


class ChannelError(Exception):
    """A channel did not take a checkpoint. The message says why."""


class Channel(Protocol):
    """Takes checkpoints. `echoes`: telling it makes events of its own."""

    name: str
    echoes: bool

    async def tell(self, checkpoint: Checkpoint) -> None:
        """Tells a checkpoint.

        Raises:
            ChannelError: It could not be told.
        """
        ...


class FileChannel:
    """A folder with a file for each month, a checkpoint a line, on the disk when told."""

    name = "FILE"
    echoes = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def tell(self, checkpoint: Checkpoint) -> None:
        try:
            await asyncio.to_thread(self._write, checkpoint)
        except OSError as error:
            raise ChannelError(str(error)) from None

    def _write(self, checkpoint: Checkpoint) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"checkpoints-{checkpoint.time:%Y-%m}.jsonl"
        with path.open("a") as file:
            file.write(checkpoint.line() + "\n")
            file.flush()
            os.fsync(file.fileno())


class LogChannel:
    """The log lines of the room, which go where the deployer keeps them."""

    name = "LOG"
    echoes = False

    async def tell(self, checkpoint: Checkpoint) -> None:
        log.info(
            "log.checkpoint",
            position=checkpoint.head.position,
            hash=checkpoint.head.hash.hex(),
        )


class TelegramChannel:
    """A chat that only people who do not run the database can change."""

    name = "TELEGRAM"
    echoes = True

    def __init__(self, telegram: grpc.aio.Channel, chat_id: int) -> None:
        self._telegram = telegram_pb2_grpc.TelegramServiceStub(telegram)
        self._chat_id = chat_id

    async def tell(self, checkpoint: Checkpoint) -> None:
        head = checkpoint.head
        request = telegram_pb2.SendMessageRequest(
            chat_id=self._chat_id, text=f"ログのチェックポイント {head.position}\n{head.hash.hex()}"
        )
        try:
            await self._telegram.SendMessage(request, timeout=SEND_SECONDS)
        except grpc.aio.AioRpcError as error:
            raise ChannelError(f"{error.code().name}: {error.details()}") from None


def read_checkpoints(folder: Path) -> list[Checkpoint]:
    """Reads all checkpoints of a folder, the oldest first. The last line may be torn.

    Raises:
        ChannelError: A line is no checkpoint.
    """
    found: list[Checkpoint] = []
    paths = sorted(folder.glob(PATTERN))
    for path in paths:
        lines = path.read_text().splitlines(keepends=True)
        for number, line in enumerate(lines, 1):
            try:
                found.append(Checkpoint.read(line))
            except ValueError:
                if not line.endswith("\n") and path == paths[-1]:
                    continue
                raise ChannelError(f"{path}, line {number}: it is no checkpoint.") from None
    return found
