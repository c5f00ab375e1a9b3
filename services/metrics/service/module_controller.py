"""Start, stop and restart of modules."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

from services.kernel.errors import FailedPreconditionError, UnavailableError
from services.metrics.adapters.processes import SupervisorClient, terminate_self
from services.metrics.domain.modules import (
    EDGE,
    SELF,
    Module,
    ModuleAction,
    ModuleState,
    allowed_actions,
)
from services.metrics.service.modules import ModuleMonitor

ACT_SECONDS = 15.0
POLL_SECONDS = 0.2
# Delay before this process or the gateway stops, which lets the response reach the client.
GRACE_SECONDS = 0.5


class ModuleController:
    """Controls modules through the process manager. Without one, no action is available."""

    def __init__(self, monitor: ModuleMonitor, supervisor: SupervisorClient | None) -> None:
        self._monitor = monitor
        self._supervisor = supervisor
        self._background: set[asyncio.Task[None]] = set()

    def available_actions(self, module: Module) -> list[ModuleAction]:
        """Return the actions that are available now."""
        return allowed_actions(module) if self._supervisor is not None else []

    async def run_action(self, name: str, action: ModuleAction) -> Module:
        """Start, stop or restart a module, and return it when it reaches its new state.

        This service, the gateway and the dashboard restart after the response is sent.

        Raises:
            NotFoundError: There is no such module.
            FailedPreconditionError: The action is not available for the module, or not now.
            UnavailableError: The module did not reach the state within 15 seconds.
        """
        module = self._monitor.get_module(name)
        supervisor = self._supervisor
        if supervisor is None or action not in self.available_actions(module):
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
            if action is not ModuleAction.START:
                await supervisor.stop_process(name)
            if action is not ModuleAction.STOP:
                await supervisor.start_process(name)
            stopped = action is ModuleAction.STOP
            wanted = {ModuleState.STOPPED} if stopped else {ModuleState.HEALTHY, ModuleState.BUSY}
            return await self._wait_for(name, wanted)
        finally:
            self._monitor.expected.discard(name)

    async def _terminate(self) -> None:
        await asyncio.sleep(GRACE_SECONDS)
        terminate_self()

    async def _restart_edge(self, supervisor: SupervisorClient, name: str) -> None:
        await asyncio.sleep(GRACE_SECONDS)
        # The monitor removes the name when the module serves again.
        self._monitor.expected.add(name)
        await supervisor.stop_process(name)
        await supervisor.start_process(name)

    def _start_later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _wait_for(self, name: str, wanted: set[ModuleState]) -> Module:
        deadline = time.monotonic() + ACT_SECONDS
        while time.monotonic() < deadline:
            await self._monitor.check_all()
            module = self._monitor.get_module(name)
            if module.state in wanted:
                return module
            await asyncio.sleep(POLL_SECONDS)
        raise UnavailableError(
            "TRANSITION_TIMEOUT",
            f"{name} is {self._monitor.get_module(name).state.name} after {ACT_SECONDS:.0f} s.",
            localized="時間内に状態が変わりませんでした。",
        )
