"""An audience: a process of many WebSockets, and how long each event took to all of them."""

import asyncio
import json
import sys
from dataclasses import asdict, dataclass
from typing import Self

from tests.benchmarks.processes import ENVIRONMENT, PROGRAMS, STOP_SECONDS

LINE_BYTES_MAX = 1 << 20
READY_SECONDS = 60.0


class AudienceError(Exception):
    """The audience ended, or did not get an event in time."""


@dataclass(frozen=True)
class Seats:
    """What an audience connects to, and what each of its sockets says at first."""

    port: int
    count: int
    path: str = "/"
    hello: tuple[str, ...] = ()
    ready: str = ""
    stall: bool = False


class Audience:
    """A process whose sockets are all connected and have said what they say at first."""

    def __init__(self, seats: Seats) -> None:
        self.count = seats.count
        # A client is not measured: it runs on the interpreter of the benchmark.
        module = f"{PROGRAMS}.sockets"
        self._command = [sys.executable, "-m", module, json.dumps(asdict(seats))]

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

    async def heard(self, number: int, seconds: float) -> list[int]:
        """Waits until every socket has got that event: the nanoseconds that it took to each.

        Raises:
            AudienceError: A socket was closed, or the time is over.
        """
        while True:
            told, *times = map(int, (await self._line(seconds)).split())
            if told == number:
                return times

    async def _line(self, seconds: float) -> bytes:
        if self._process.stdout is None:
            sys.exit("The audience has no output.")
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), seconds)
        except TimeoutError:
            raise AudienceError(f"Not all heard within {seconds:g} s.") from None
        if not line:
            raise AudienceError("The audience ended.")
        return line
