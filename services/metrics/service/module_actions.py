"""Starting, stopping and restarting of modules."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

from services.kernel.errors import FailedPreconditionError, UnavailableError
from services.metrics.adapters.processes import SupervisorClient, terminate_self
from services.metrics.domain.modules import (
    EDGE,
    SELF,
    Action,
    Module,
    State,
    available_actions,
)
from services.metrics.service.modules import ModuleMonitor

ACT_SECONDS = 15.0
POLL_SECONDS = 0.2
# The answer of a call passes the gateway and this process: they end only after it is sent.
GRACE_SECONDS = 0.5


class ModuleActions:
    """Act on modules through the process manager. Without one, no action is available."""

    def __init__(self, monitor: ModuleMonitor, supervisor: SupervisorClient | None) -> None:
        self._monitor = monitor
        self._supervisor = supervisor
        self._background: set[asyncio.Task[None]] = set()

    def available(self, module: Module) -> list[Action]:
        """Return the actions that are possible now."""
        return available_actions(module) if self._supervisor is not None else []

    async def act(self, name: str, action: Action) -> Module:
        """Start, stop or restart a module, and return it once its state is reached.

        This process and those that the answer passes restart after the answer.

        Raises:
            NotFoundError: There is no such module.
            FailedPreconditionError: The action is not available for the module, or not now.
            UnavailableError: The state was not reached in time.
        """
        module = self._monitor.module(name)
        supervisor = self._supervisor
        if supervisor is None or action not in self.available(module):
            raise FailedPreconditionError(
                "ACTION_NOT_AVAILABLE",
                f"{action.name} is not available for {name} now.",
                localized="このモジュールでは現在この操作を行えません。",
                metadata={"module": name, "action": action.name},
            )
        if name == SELF:
            self._start_later(self._terminate())
            return module
        if name in EDGE:
            self._start_later(self._restart_edge(supervisor, name))
            return module
        self._monitor.expected.add(name)
        try:
            if action is not Action.START:
                await supervisor.stop(name)
            if action is not Action.STOP:
                await supervisor.start(name)
            stopped = action is Action.STOP
            wanted = {State.STOPPED} if stopped else {State.HEALTHY, State.BUSY}
            return await self._wait_for(name, wanted)
        finally:
            self._monitor.expected.discard(name)

    async def _terminate(self) -> None:
        await asyncio.sleep(GRACE_SECONDS)
        terminate_self()

    async def _restart_edge(self, supervisor: SupervisorClient, name: str) -> None:
        await asyncio.sleep(GRACE_SECONDS)
        # It stays expected until the module serves again.
        self._monitor.expected.add(name)
        await supervisor.stop(name)
        await supervisor.start(name)

    def _start_later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _wait_for(self, name: str, wanted: set[State]) -> Module:
        deadline = time.monotonic() + ACT_SECONDS
        while time.monotonic() < deadline:
            await self._monitor.check_all()
            module = self._monitor.module(name)
            if module.state in wanted:
                return module
            await asyncio.sleep(POLL_SECONDS)
        raise UnavailableError(
            "TRANSITION_TIMEOUT",
            f"{name} is {self._monitor.module(name).state.name} after {ACT_SECONDS:.0f} s.",
            localized="時間内に状態が変わりませんでした。",
        )
