"""Monitoring of the modules."""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from typing import Protocol

import structlog

from services.kernel.calls import outside_call
from services.kernel.clock import Clock
from services.kernel.database.database import Database
from services.kernel.errors import NotFoundError, UnavailableError
from services.kernel.events.event import Category, Level, NewEvent
from services.kernel.events.outbox import Outbox
from services.metrics.adapters.processes import SupervisorClient
from services.metrics.adapters.usage import UsageMeter
from services.metrics.domain.modules import (
    HealthCheckResult,
    Module,
    ModuleState,
    Process,
    ProcessUsage,
    expire_check,
    process_check,
    restart_completed,
    update_module,
)
from services.metrics.service.latest import LatestValues

USAGE_SECONDS = 5.0
REPEAT_SECONDS = 5.0

LEVELS = {
    ModuleState.ERROR: Level.ERROR,
    ModuleState.STOPPED: Level.WARNING,
    ModuleState.BUSY: Level.WARNING,
}

log = structlog.get_logger()


class HealthCheck(Protocol):
    """The health check of one module."""

    async def check(self) -> HealthCheckResult: ...


class ModuleMonitor:
    """Checks the modules and holds their state.

    `supervisor` is None without a process manager. `expected` holds the names of modules that
    are being stopped or restarted on request.
    """

    def __init__(
        self,
        health_checks: Mapping[str, HealthCheck],
        supervisor: SupervisorClient | None,
        latest: LatestValues,
        database: Database,
        outbox: Outbox,
        clock: Clock,
    ) -> None:
        self._health_checks = health_checks
        self._supervisor = supervisor
        self._latest = latest
        self._database = database
        self._outbox = outbox
        self._clock = clock
        self._modules = {name: Module(name) for name in health_checks}
        self._changed = asyncio.Event()
        self._checking = asyncio.Lock()
        self._meter = UsageMeter()
        self._usage_time = 0.0
        self.expected: set[str] = set()

    def list_modules(self) -> list[Module]:
        """Return all modules. A module whose last check is too old is UNKNOWN."""
        now = self._clock.now()
        return [expire_check(module, now) for module in self._modules.values()]

    def get_module(self, name: str) -> Module:
        """Return a module.

        Raises:
            NotFoundError: There is no such module.
        """
        if name not in self._modules:
            raise NotFoundError("module", f"modules/{name}")
        return expire_check(self._modules[name], self._clock.now())

    async def follow_modules(self) -> AsyncGenerator[list[Module], None]:
        """Yield all modules at once, after each state change, and every 5 seconds."""
        while True:
            changed = self._changed
            yield self.list_modules()
            try:
                async with asyncio.timeout(REPEAT_SECONDS):
                    await changed.wait()
            except TimeoutError:
                continue

    async def check_all(self) -> None:
        """Check every module once. Runs are serialized, which keeps the results in order."""
        async with self._checking:
            await self._check_all()

    async def _check_all(self) -> None:
        processes = await self._processes()
        for name in processes.keys() - self._modules.keys():
            self._modules[name] = Module(name)
        names = list(self._modules)
        checks = await asyncio.gather(*(self._check(name, processes.get(name)) for name in names))
        read_usage = time.monotonic() - self._usage_time > USAGE_SECONDS
        if read_usage:
            self._usage_time = time.monotonic()
        changes: list[tuple[Module, Module]] = []
        for name, check in zip(names, checks, strict=True):
            before = self._modules[name]
            after = self._update(before, processes.get(name), check)
            if read_usage:
                after = replace(after, usage=self._usage(after))
            self._modules[name] = after
            if after.state != before.state:
                changes.append((before, after))
        if changes:
            self._changed.set()
            self._changed = asyncio.Event()
            await self._publish(changes)

    async def _processes(self) -> dict[str, Process]:
        if self._supervisor is None:
            return {}
        try:
            return await self._supervisor.list_processes()
        except UnavailableError as error:
            log.warning("modules.supervisor_unavailable", error=error.message)
            return {}

    async def _check(self, name: str, process: Process | None) -> HealthCheckResult | None:
        if name in self._health_checks:
            return await self._health_checks[name].check()
        return process_check(process)

    def _update(
        self, before: Module, process: Process | None, check: HealthCheckResult | None
    ) -> Module:
        after = update_module(
            before,
            process,
            check,
            cpu=self._latest.mean_cpu(before.name),
            reported_version=self._latest.find_version(before.name),
            expected=before.name in self.expected,
            now=self._clock.now(),
        )
        if restart_completed(before, after):
            self.expected.discard(before.name)
        return after

    def _usage(self, module: Module) -> ProcessUsage:
        """Return the usage of a process, measured if it is local, else as reported over OTLP."""
        if module.process is not None:
            return (
                self._meter.measure_process(module.name, module.pid)
                if module.pid
                else ProcessUsage()
            )
        memory = self._latest.find_sample("process.memory.usage", module.name)
        cpu = self._latest.find_sample("process.cpu.utilization", module.name)
        return ProcessUsage(int(memory.value) if memory else None, cpu.value if cpu else None)

    async def _publish(self, changes: list[tuple[Module, Module]]) -> None:
        """Publish state changes. They are not part of a call, which has its own audit event."""
        try:
            with outside_call():
                async with self._database.transaction() as connection:
                    for before, after in changes:
                        await self._outbox.publish(connection, change_event(before, after))
        except UnavailableError:
            log.warning("modules.changes_not_published", changes=len(changes))


def change_event(before: Module, after: Module) -> NewEvent:
    return NewEvent(
        type="module.state_changed",
        category=Category.MODULE,
        level=LEVELS.get(after.state, Level.INFO),
        subject=f"modules/{after.name}",
        actor="services/metrics",
        data={"from": before.state.name, "to": after.state.name, "reason": after.message},
    )
