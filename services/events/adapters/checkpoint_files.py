"""Checkpoint files: one JSON Lines file per month, one checkpoint per line."""

import asyncio
import os
from pathlib import Path

from services.events.domain.checkpoints import ChannelError, Checkpoint

PATTERN = "checkpoints-*.jsonl"


class FileChannel:
    """Append checkpoints to the files of a folder. `publish` returns after fsync."""

    name = "FILE"
    causes_events = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def publish(self, checkpoint: Checkpoint) -> None:
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


def read_checkpoints(folder: Path) -> list[Checkpoint]:
    """Return all checkpoints of a folder, oldest first.

    An incomplete last line, as a crash leaves it, is ignored.

    Raises:
        ChannelError: A line is not a checkpoint.
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
                raise ChannelError(f"{path}, line {number}: not a checkpoint.") from None
    return found
