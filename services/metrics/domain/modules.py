"""Modules: what is observed of them, the state that follows, and the actions that it allows."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import IntEnum

from services.metrics.domain.reasons import Reason, ReasonCode, process_reason

BUSY_LATENCY_SECONDS = 0.5
BUSY_CPU = 0.8
BUSY_CPU_SECONDS = 30
START_SECONDS = 15.0
CHECK_EXPIRES_SECONDS = 5.0
SELF = "metrics"
EDGE = frozenset({"gateway", "dashboard"})
SERVERS = frozenset({"postgres", "valkey"})
STOPPED_ON_REQUEST = frozenset({"STOPPED", "STOPPING"})
NOT_CHECKED = Reason(ReasonCode.NOT_CHECKED)


class State(IntEnum):
    """The state of a module: the values of `libral.metrics.v1.Module.State`."""

    HEALTHY = 1
    BUSY = 2
    ERROR = 3
    STOPPED = 4
    UNKNOWN = 5
    STARTING = 6


class Action(IntEnum):
    """An action on a module: the values of `libral.metrics.v1.Module.Action`."""

    START = 1
    STOP = 2
    RESTART = 3


@dataclass(frozen=True)
class Check:
    """The result of a health check.

    `refused`: nothing listens at the address. `latency_seconds` is None where
    only the state of the process was read. `reason` is why it does not serve.
    `version` and `start_time` are what the module reports of itself.
    """

    serving: bool
    refused: bool
    latency_seconds: float | None
    reason: Reason | None = None
    version: str = ""
    start_time: datetime | None = None


@dataclass(frozen=True)
class Process:
    """A process of the process manager. `state` is supervisor's, such as RUNNING."""

    state: str
    pid: int
    start: datetime | None
    problem: str


@dataclass(frozen=True)
class ProcessUsage:
    """Memory in bytes (PSS on Linux) and the share of one core. None: not known."""

    memory_bytes: int | None = None
    cpu: float | None = None


@dataclass(frozen=True)
class Observation:
    """What the state of a module is judged by.

    `cpu` is the share of one core over 30 seconds. `crashed`: its process ended
    unexpectedly since the check before, or has not served since it did.
    """

    check: Check | None
    process: Process | None
    age_seconds: float
    cpu: float | None
    crashed: bool


@dataclass(frozen=True)
class Module:
    """A module as it was last checked. `reason` is None while it is healthy."""

    name: str
    state: State = State.UNKNOWN
    reason: Reason | None = NOT_CHECKED
    version: str = ""
    process: Process | None = None
    state_time: datetime | None = None
    check_time: datetime | None = None
    check: Check | None = None
    usage: ProcessUsage = field(default_factory=ProcessUsage)
    start_time: datetime | None = None
    crashed: bool = False

    @property
    def pid(self) -> int:
        """The process id, 0 where there is none on this machine."""
        return self.process.pid if self.process else 0

    @property
    def serving(self) -> bool:
        return self.check is not None and self.check.serving

    @property
    def message(self) -> str:
        """The reason in English, empty while the module is healthy."""
        return self.reason.message if self.reason else ""


def judge(seen: Observation) -> tuple[State, Reason | None]:
    """Return the state of a module and its reason."""
    process, check = seen.process, seen.check
    if process is not None and process.state in {"STOPPED", "EXITED", "STOPPING"}:
        return State.STOPPED, process_reason(ReasonCode.PROCESS_STOPPED, process.problem)
    if process is not None and process.state in {"BACKOFF", "FATAL"}:
        return State.ERROR, process_reason(ReasonCode.PROCESS_START_FAILED, process.problem)
    if seen.crashed:
        return State.ERROR, Reason(ReasonCode.PROCESS_CRASHED)
    if check is None:
        return State.UNKNOWN, NOT_CHECKED
    return judge_load(check, seen.cpu) if check.serving else judge_failure(seen, check)


def judge_failure(seen: Observation, check: Check) -> tuple[State, Reason]:
    """Return the state of a module that does not serve."""
    if seen.process is not None and seen.age_seconds < START_SECONDS:
        return State.STARTING, Reason(ReasonCode.PROCESS_STARTING)
    if seen.process is None and check.refused:
        return State.STOPPED, Reason(ReasonCode.CONNECTION_REFUSED)
    return State.ERROR, check.reason or Reason(ReasonCode.NOT_SERVING)


def judge_load(check: Check, cpu: float | None) -> tuple[State, Reason | None]:
    """Return the state of a module that serves."""
    if check.latency_seconds is not None and check.latency_seconds > BUSY_LATENCY_SECONDS:
        slow = {"milliseconds": f"{check.latency_seconds * 1000:.0f}"}
        return State.BUSY, Reason(ReasonCode.CHECK_SLOW, slow)
    if cpu is not None and cpu > BUSY_CPU:
        high = {"percent": f"{cpu * 100:.0f}", "seconds": str(BUSY_CPU_SECONDS)}
        return State.BUSY, Reason(ReasonCode.CPU_HIGH, high)
    return State.HEALTHY, None


def update_module(
    before: Module,
    process: Process | None,
    check: Check | None,
    *,
    cpu: float | None,
    reported_version: str,
    expected: bool,
    now: datetime,
) -> Module:
    """Return the module after a check. `expected`: an operator is restarting or stopping it."""
    serving = check is not None and check.serving
    # The new process may serve already: a crash stays visible for one check at least.
    crashed = exited_unexpectedly(before, process) or (before.crashed and not serving)
    crashed = crashed and not expected
    start = process.start if process else None
    if start is None and check is not None:
        start = check.start_time
    age = (now - start).total_seconds() if start else 0.0
    state, reason = judge(Observation(check, process, age, cpu, crashed))
    version = reported_version or (check.version if check else "")
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


def exited_unexpectedly(before: Module, process: Process | None) -> bool:
    """True if the known process was replaced or is gone, and was not stopped on request."""
    if process is None or process.state in STOPPED_ON_REQUEST:
        return False
    return before.pid not in {0, process.pid}


def restart_completed(before: Module, after: Module) -> bool:
    """True if the module serves again after a start that was asked for."""
    replaced = exited_unexpectedly(before, after.process)
    return after.serving and (replaced or before.state in {State.STOPPED, State.STARTING})


def expire_check(module: Module, now: datetime) -> Module:
    """Return the module, UNKNOWN if its last check is more than 5 seconds old."""
    if module.check_time and (now - module.check_time).total_seconds() > CHECK_EXPIRES_SECONDS:
        return replace(module, state=State.UNKNOWN, reason=Reason(ReasonCode.CHECK_EXPIRED))
    return module


def available_actions(module: Module) -> list[Action]:
    """Return the actions that the process manager can take on a module now."""
    if module.process is None:
        return []
    if module.process.state in {"STOPPED", "EXITED", "FATAL"}:
        return [Action.START]
    if module.name in EDGE | SERVERS | {SELF}:
        return [Action.RESTART]
    return [Action.STOP, Action.RESTART]


def process_check(process: Process | None) -> Check | None:
    """Return the check of a module that has no health check: whether its process runs."""
    if process is None:
        return None
    return Check(serving=process.state == "RUNNING", refused=False, latency_seconds=None)
