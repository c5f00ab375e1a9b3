"""Client of supervisord, the process manager of this machine."""

import asyncio
import os
import signal
import xmlrpc.client
from collections.abc import Callable
from datetime import UTC, datetime
from http.client import HTTPException
from typing import Any, cast

from supervisor.xmlrpc import SupervisorTransport

from services.kernel.errors import FailedPreconditionError, UnavailableError
from services.metrics.domain.modules import Process

READ_SECONDS = 2.0
ACT_SECONDS = 20.0
CONNECTION_ERRORS = (OSError, HTTPException, TimeoutError)


class SupervisorClient:
    """Lists, starts and stops the processes of a supervisord."""

    def __init__(self, socket: str) -> None:
        self._socket = socket

    async def list_processes(self) -> dict[str, Process]:
        """Return the processes by name.

        Raises:
            UnavailableError: supervisord is unavailable.
        """
        rows = await self._call(lambda calls: calls.getAllProcessInfo(), READ_SECONDS)
        return {str(row["name"]): read_process(row) for row in rows}

    async def start_process(self, name: str) -> None:
        await self._act(lambda calls: calls.startProcess(name))

    async def stop_process(self, name: str) -> None:
        await self._act(lambda calls: calls.stopProcess(name))

    async def _act(self, call: Callable[[Any], Any]) -> None:
        try:
            await self._call(call, ACT_SECONDS)
        except xmlrpc.client.Fault as fault:
            raise FailedPreconditionError(
                "PROCESS_REFUSED",
                f"The process manager refused: {fault.faultString}.",
                localized="プロセスマネージャーが操作を受け付けませんでした。",
            ) from None

    async def _call(self, call: Callable[[Any], Any], seconds: float) -> Any:
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.to_thread(self._connect_and_call, call)
        except CONNECTION_ERRORS as error:
            raise UnavailableError(
                "SUPERVISOR_UNAVAILABLE",
                f"The process manager is unavailable: {type(error).__name__}.",
                localized="プロセスマネージャーに接続できません。",
            ) from error

    def _connect_and_call(self, call: Callable[[Any], Any]) -> Any:
        transport = SupervisorTransport(serverurl=f"unix://{self._socket}")
        try:
            proxy = xmlrpc.client.ServerProxy("http://localhost", transport=transport)
            return call(cast("Any", proxy).supervisor)
        finally:
            transport.close()


def read_process(row: dict[str, Any]) -> Process:
    return Process(
        state=str(row["statename"]),
        pid=int(row["pid"]),
        start=datetime.fromtimestamp(row["start"], UTC) if row["start"] else None,
        problem=str(row["spawnerr"]),
    )


def terminate_self() -> None:
    """Send SIGTERM to this process. The process manager restarts it."""
    os.kill(os.getpid(), signal.SIGTERM)
