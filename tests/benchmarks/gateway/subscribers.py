"""A process with many WebSocket subscribers, which measures the delivery time of each event."""

import asyncio
import json
import sys
from dataclasses import asdict, dataclass
from typing import Self

from tests.benchmarks.processes import ENVIRONMENT, PROGRAMS, STOP_SECONDS

LINE_BYTES_MAX = 1 << 20
READY_SECONDS = 60.0


class DeliveryError(Exception):
    """The subscriber process ended, or did not receive an event in time."""


@dataclass(frozen=True)
class SubscriberSettings:
    """The server that the sockets connect to, and the first messages of each socket."""

    port: int
    count: int
    path: str = "/"
    hello: tuple[str, ...] = ()
    ready: str = ""
    stall: bool = False


class SubscriberProcess:
    """A process whose sockets are all connected and have sent their first messages."""

    def __init__(self, settings: SubscriberSettings) -> None:
        self.count = settings.count
        # Clients are not measured, so they run on the interpreter of the benchmark.
        module = f"{PROGRAMS}.sockets"
        self._command = [sys.executable, "-m", module, json.dumps(asdict(settings))]

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *self._command, env=ENVIRONMENT, stdout=asyncio.subprocess.PIPE, limit=LINE_BYTES_MAX
        )
        try:
            await self._line(READY_SECONDS)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process.returncode is None:
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def wait_for_event(self, number: int, seconds: float) -> list[int]:
        """Wait until every socket has received an event. Return the nanoseconds of each delivery.

        Raises:
            DeliveryError: A socket was closed, or the time is over.
        """
        while True:
            received, *times = map(int, (await self._line(seconds)).split())
            if received == number:
                return times

    async def _line(self, seconds: float) -> bytes:
        if self._process.stdout is None:
            sys.exit("The subscriber process has no output.")
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), seconds)
        except TimeoutError:
            raise DeliveryError(f"Not all wait_for_event within {seconds:g} s.") from None
        if not line:
            raise DeliveryError("The subscriber process ended.")
        return line
