"""`python -m gateway` as a separate process."""

import asyncio
import contextlib
import json
import os
import random
import socket
import sys
from pathlib import Path
from typing import Any, Self

import httpx

ROOT = Path(__file__).parents[2]
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("LIBRAL_")}
ENVIRONMENT = CLEAN | {"PYTHONPATH": f"{ROOT}:{ROOT / 'protos' / 'gen'}"}


def free_port() -> int:
    """Return a free port below the ephemeral range, so that no outgoing connection takes it."""
    while True:
        port = random.randrange(20_000, 32_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


async def run(*arguments: str, seconds: float = 20.0) -> tuple[int, str, str]:
    """Run to the end. Return exit code, standard output and standard error."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway", *arguments),
        env=ENVIRONMENT | {"LIBRAL_GATEWAY_PORT": str(free_port()), "LIBRAL_LOG_FORMAT": "json"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, error = await asyncio.wait_for(process.communicate(), seconds)
    return process.returncode or 0, out.decode(), error.decode()


class GatewayProgram:
    """A gateway process on a free port, with its log, its other output, and a client."""

    def __init__(self, *arguments: str) -> None:
        self._arguments = arguments
        self.log: list[dict[str, Any]] = []
        self.lines: list[str] = []
        self.port = free_port()

    async def __aenter__(self) -> Self:
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gateway", *self._arguments),
            env=ENVIRONMENT | {"LIBRAL_GATEWAY_PORT": str(self.port), "LIBRAL_LOG_FORMAT": "json"},
            stderr=asyncio.subprocess.PIPE,
        )
        self._reading = asyncio.create_task(self._read())
        self.http = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=10
        )
        await self.logged("gateway.ready")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()
        if self.process.returncode is None:
            self.process.terminate()
        await asyncio.wait_for(self.process.wait(), 20)
        await self._reading

    async def logged(self, event: str, count: int = 1, seconds: float = 20.0) -> list[Any]:
        """Wait until an event was logged `count` times."""
        async with asyncio.timeout(seconds):
            while len(found := [line for line in self.log if line["event"] == event]) < count:
                assert not self._reading.done(), self.log
                await asyncio.sleep(0.01)
        return found

    async def _read(self) -> None:
        async for line in self.process.stderr:
            if not line.startswith(b"{"):
                self.lines.append(line.decode().rstrip())
                continue
            known = json.loads(line)
            if known["event"] != "request":
                self.log.append(known)
