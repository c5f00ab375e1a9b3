"""Watches the modules once a second, and acts on their processes."""

import asyncio
import os
import signal
import time
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

import structlog

from services.kernel.calls import outside_call
from services.kernel.clock import Clock
from services.kernel.database.database import Database
from services.kernel.errors import FailedPreconditionError, NotFoundError, UnavailableError
from services.kernel.events.event import Category, Level, NewEvent
from services.kernel.events.outbox import Outbox
from services.metrics.adapters.processes import Supervisor
from services.metrics.adapters.usage import Usage, UsageMeter
from services.metrics.domain import Check, Observation, Process, State, judge
from services.metrics.worker.recorder import Recorder

INTERVAL_SECONDS = 1.0
STALE_SECONDS = 5.0
ACT_SECONDS = 15.0
USAGE_SECONDS = 5.0
SELF = "metrics"
EDGE = frozenset({"gateway", "dashboard"})
SERVERS = frozenset({"postgres", "valkey"})
ASKED = frozenset({"STOPPED", "STOPPING"})
GRACE_SECONDS = 0.5

LEVELS = {State.ERROR: Level.ERROR, State.STOPPED: Level.WARNING, State.BUSY: Level.WARNING}

log = structlog.get_logger()


class Health(Protocol):
    """Checks one module. Beside the check it may tell what the module says of itself."""

    async def check(self) -> tuple[Check, dict[str, Any]]: ...


@dataclass(frozen=True)
class Module:
    """A module as it was last seen."""

    name: str
    state: State = State.UNKNOWN
    reason: str = "It was not checked yet."
    version: str = ""
    process: Process | None = None
    state_time: datetime | None = None
    check_time: datetime | None = None
    check: Check | None = None
    usage: Usage = field(default_factory=Usage)
    start_time: datetime | None = None
    crashed: bool = False

    @property
    def pid(self) -> int:
        return self.process.pid if self.process else 0


class Watch:
    """Knows every module. `supervisor` is None where processes cannot be controlled."""

    def __init__(
        self,
        healths: dict[str, Health],
        supervisor: Supervisor | None,
        recorder: Recorder,
        database: Database,
        outbox: Outbox,
        clock: Clock,
    ) -> None:
        self._healths = healths
        self._supervisor = supervisor
        self._recorder = recorder
        self._database = database
        self._outbox = outbox
        self._clock = clock
        self._modules = {name: Module(name) for name in healths}
        self._expected: set[str] = set()
        self._changed = asyncio.Event()
        self._looking = asyncio.Lock()
        self._meter = UsageMeter()
        self._usage_read = 0.0
        self._background: set[asyncio.Task[None]] = set()

    def modules(self) -> list[Module]:
        """Lists the modules. One whose check is too old is UNKNOWN."""
        now = self._clock.now()
        return [freshened(module, now) for module in self._modules.values()]

    def module(self, name: str) -> Module:
        if name not in self._modules:
            raise NotFoundError("module", f"modules/{name}")
        return freshened(self._modules[name], self._clock.now())

    def actions(self, module: Module) -> list[str]:
        """Tells what can be done with a module now."""
        if self._supervisor is None or module.process is None:
            return []
        if module.process.state in {"STOPPED", "EXITED", "FATAL"}:
            return ["START"]
        if module.name in EDGE | SERVERS | {SELF}:
            return ["RESTART"]
        return ["STOP", "RESTART"]

    async def change(self) -> None:
        """Waits until the state of a module changes."""
        await self._changed.wait()

    async def run(self) -> None:
        while True:
            started = time.monotonic()
            await self.look()
            await asyncio.sleep(max(INTERVAL_SECONDS - (time.monotonic() - started), 0.1))

    async def look(self) -> None:
        """Checks every module once. What was seen earlier is never taken for what came later."""
        async with self._looking:
            await self._look()

    async def _look(self) -> None:
        processes = await self._processes()
        for name in processes.keys() - self._modules.keys():
            self._modules[name] = Module(name)
        names = list(self._modules)
        checks = await asyncio.gather(*(self._check(name, processes) for name in names))
        read_usage = time.monotonic() - self._usage_read > USAGE_SECONDS
        if read_usage:
            self._usage_read = time.monotonic()
        changes: list[tuple[Module, Module]] = []
        for name, (check, said) in zip(names, checks, strict=True):
            before = self._modules[name]
            after = self._update(before, processes.get(name), check, said)
            if read_usage:
                after = replace(after, usage=self._usage(after))
            self._modules[name] = after
            if after.state != before.state:
                changes.append((before, after))
        if changes:
            self._changed.set()
            self._changed = asyncio.Event()
            await self._publish(changes)

    async def act(self, name: str, action: str) -> Module:
        """Starts, stops or restarts a module, and returns once it has happened.

        Raises:
            FailedPreconditionError: It cannot be done with this module, or now.
            UnavailableError: It did not happen in time.
        """
        module = self.module(name)
        supervisor = self._supervisor
        if supervisor is None or action not in self.actions(module):
            raise FailedPreconditionError(
                "ACTION_NOT_AVAILABLE",
                f"{action} is not available for {name} now.",
                localized="このモジュールでは現在この操作を行えません。",
                metadata={"module": name, "action": action},
            )
        if name == SELF:
            self._later(terminate_self())
            return module
        if name in EDGE:
            self._later(self._restart(supervisor, name))
            return module
        self._expected.add(name)
        try:
            if action == "RESTART":
                await self._restart(supervisor, name)
            elif action == "STOP":
                await supervisor.stop(name)
            else:
                await supervisor.start(name)
            wanted = {State.STOPPED} if action == "STOP" else {State.HEALTHY, State.BUSY}
            return await self._reach(name, wanted)
        finally:
            self._expected.discard(name)

    async def _restart(self, supervisor: Supervisor, name: str) -> None:
        if name in EDGE:
            await asyncio.sleep(GRACE_SECONDS)
        self._expected.add(name)
        await supervisor.stop(name)
        await supervisor.start(name)

    def _later(self, work: Any) -> None:
        """Does it after the answer: it ends a process that the answer goes through."""
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _reach(self, name: str, wanted: set[State]) -> Module:
        deadline = time.monotonic() + ACT_SECONDS
        while time.monotonic() < deadline:
            await self.look()
            if self._modules[name].state in wanted:
                return self._modules[name]
            await asyncio.sleep(0.2)
        raise UnavailableError(
            "TRANSITION_TIMEOUT",
            f"{name} is {self._modules[name].state.name} after {ACT_SECONDS:.0f} s.",
            localized="時間内に状態が変わりませんでした。",
        )

    async def _processes(self) -> dict[str, Process]:
        if self._supervisor is None:
            return {}
        try:
            return await self._supervisor.processes()
        except UnavailableError as error:
            log.warning("watch.supervisor", error=error.message)
            return {}

    async def _check(
        self, name: str, processes: dict[str, Process]
    ) -> tuple[Check | None, dict[str, Any]]:
        if name in self._healths:
            return await self._healths[name].check()
        process = processes.get(name)
        if process is None:
            return None, {}
        running = process.state == "RUNNING"
        return Check(serving=running, refused=False, latency_seconds=None), {}

    def _update(
        self,
        before: Module,
        process: Process | None,
        check: Check | None,
        said: dict[str, Any],
    ) -> Module:
        now = self._clock.now()
        replaced = ended_unasked(before, process)
        serving = check is not None and check.serving
        # It may serve again already: that it was away shows for one look at least.
        crashed = replaced or (before.crashed and not serving)
        if before.name in self._expected:
            crashed = False
            if serving and (replaced or before.state in {State.STOPPED, State.STARTING}):
                self._expected.discard(before.name)
        start = process.start if process else None
        if start is None and "startTime" in said:
            start = datetime.fromisoformat(said["startTime"])
        age = (now - start).total_seconds() if start else 0.0
        busy = self._recorder.busy_share(before.name)
        state, reason = judge(Observation(check, process, age, busy, crashed))
        version = self._recorder.versions.get(before.name) or str(said.get("version", ""))
        return replace(
            before,
            state=state,
            reason=reason,
            version=version or before.version,
            process=process,
            state_time=now if state != before.state else before.state_time,
            check_time=now,
            check=check,
            start_time=start,
            crashed=crashed,
        )

    def _usage(self, module: Module) -> Usage:
        """Reads what a process here uses. Elsewhere it is what the process reports."""
        if module.process is not None:
            return self._meter.measure(module.name, module.pid) if module.pid else Usage()
        memory = self._recorder.value_of("process.memory.usage", module.name)
        cpu = self._recorder.value_of("process.cpu.utilization", module.name)
        return Usage(int(memory.value) if memory else None, cpu.value if cpu else None)

    async def _publish(self, changes: list[tuple[Module, Module]]) -> None:
        """Tells what was seen: of a call that changed it there is a record of its own."""
        try:
            with outside_call():
                async with self._database.transaction() as connection:
                    for before, after in changes:
                        await self._outbox.publish(connection, change_event(before, after))
        except UnavailableError:
            log.warning("watch.unpublished", changes=len(changes))


def ended_unasked(before: Module, process: Process | None) -> bool:
    """Whether the process that was seen before is another one or none, and nobody stopped it."""
    if process is None or process.state in ASKED:
        return False
    return before.pid not in {0, process.pid}


def freshened(module: Module, now: datetime) -> Module:
    if module.check_time and (now - module.check_time).total_seconds() > STALE_SECONDS:
        return replace(module, state=State.UNKNOWN, reason="The last check is too old.")
    return module


def change_event(before: Module, after: Module) -> NewEvent:
    return NewEvent(
        type="module.state_changed",
        category=Category.MODULE,
        level=LEVELS.get(after.state, Level.INFO),
        subject=f"modules/{after.name}",
        actor="services/metrics",
        data={"from": before.state.name, "to": after.state.name, "reason": after.reason},
    )


async def terminate_self() -> None:
    """Ends this process after the answer is out. The process manager starts it again."""
    await asyncio.sleep(GRACE_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
