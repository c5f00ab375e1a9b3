"""A TCP proxy that can cut, refuse and delay connections, and swallow responses."""

import asyncio
import contextlib
from dataclasses import dataclass
from enum import StrEnum

CHUNK_BYTES = 64 * 1024


class Mood(StrEnum):
    """The treatment of traffic."""

    CLEAR = "clear"
    REFUSE = "refuse"
    DELAY = "delay"
    SWALLOW = "swallow"


@dataclass
class Proxy:
    """Listens on `port` for a server that listens on `target`."""

    port: int
    target: int
    mood: Mood = Mood.CLEAR
    delay_seconds: float = 0.0

    def __post_init__(self) -> None:
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self.cut()

    def cut(self) -> int:
        """Reset both ends of every connection. Return the number of connections."""
        number = len(self._writers) // 2
        for writer in list(self._writers):
            writer.transport.abort()
        return number

    def clear(self) -> None:
        self.mood, self.delay_seconds = Mood.CLEAR, 0.0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.mood == Mood.REFUSE:
            writer.transport.abort()
            return
        try:
            ahead, behind = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, behind}
        try:
            await asyncio.gather(
                self._pour(reader, behind, responses=False),
                self._pour(ahead, writer, responses=True),
            )
        finally:
            for each in (writer, behind):
                self._writers.discard(each)
                each.transport.abort()

    async def _pour(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, responses: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(CHUNK_BYTES):
                if self.mood == Mood.DELAY:
                    await asyncio.sleep(self.delay_seconds)
                if responses and self.mood == Mood.SWALLOW:
                    continue
                writer.write(chunk)
                await writer.drain()
        # Close the other end at once when one end is closed.
        writer.transport.abort()
