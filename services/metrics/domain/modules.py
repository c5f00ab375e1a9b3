"""Modules: their observed state, its derivation, and the available actions."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import IntEnum

from services.metrics.domain.reasons import ReasonCode, StateReason, process_reason

BUSY_LATENCY_SECONDS = 0.5
BUSY_CPU = 0.8
BUSY_CPU_SECONDS = 30
START_SECONDS = 15.0
CHECK_EXPIRES_SECONDS = 5.0
SELF = "metrics"
EDGE = frozenset({"gateway", "dashboard"})
SERVERS = frozenset({"postgres", "valkey"})
STOPPED_ON_REQUEST = frozenset({"STOPPED", "STOPPING"})
NOT_CHECKED = StateReason(ReasonCode.NOT_CHECKED)


class ModuleState(IntEnum):
    """The state of a module: the values of `libral.metrics.v1.Module.State`."""

    HEALTHY = 1
    BUSY = 2
    ERROR = 3
    STOPPED = 4
    UNKNOWN = 5
    STARTING = 6


class ModuleAction(IntEnum):
    """An action on a module: the values of `libral.metrics.v1.Module.Action`."""

    START = 1
    STOP = 2
    RESTART = 3


@dataclass(frozen=True)
class HealthCheckResult:
    """The result of a health check.

    `refused` is True if nothing listens at the address. `latency_seconds` is None if only the
    process state was read. `reason` is the reason why the module does not serve. `version` and
    `start_time` are reported by the module.
    """

    serving: bool
    refused: bool
    latency_seconds: float | None
    reason: StateReason | None = None
    version: str = ""
    start_time: datetime | None = None


@dataclass(frozen=True)
class Process:
    """A process of supervisord. `state` is its state name, such as RUNNING.

    `problem` is the error text of a failed start.
    """

    state: str
    pid: int
    start: datetime | None
    problem: str


@dataclass(frozen=True)
class ProcessUsage:
    """Memory in bytes (PSS on Linux) and the used share of one core. None means unknown."""

    memory_bytes: int | None = None
    cpu: float | None = None


@dataclass(frozen=True)
class Observation:
    """The inputs from which the state of a module is derived.

    `age_seconds` is the age of the process. `cpu` is the share of one core over 30 seconds.
    `crashed` is True from an unexpected exit until the module serves again.
    """

    check: HealthCheckResult | None
    process: Process | None
    age_seconds: float
    cpu: float | None
    crashed: bool


@dataclass(frozen=True)
class Module:
    """A module as of its last check. `reason` is None while it is healthy."""

    name: str
    state: ModuleState = ModuleState.UNKNOWN
    reason: StateReason | None = NOT_CHECKED
    version: str = ""
    process: Process | None = None
    state_time: datetime | None = None
    check_time: datetime | None = None
    check: HealthCheckResult | None = None
    usage: ProcessUsage = field(default_factory=ProcessUsage)
    start_time: datetime | None = None
    crashed: bool = False

    @property
    def pid(self) -> int:
        """The process id, 0 if the process is unknown or on another machine."""
        return self.process.pid if self.process else 0

    @property
    def serving(self) -> bool:
        return self.check is not None and self.check.serving

    @property
    def message(self) -> str:
        """The reason in English, empty while the module is healthy."""
        return self.reason.message if self.reason else ""


def derive_state(seen: Observation) -> tuple[ModuleState, StateReason | None]:
    """Return the state of a module and its reason."""
    process, check = seen.process, seen.check
    if process is not None and process.state in {"STOPPED", "EXITED", "STOPPING"}:
        return ModuleState.STOPPED, process_reason(ReasonCode.PROCESS_STOPPED, process.problem)
    if process is not None and process.state in {"BACKOFF", "FATAL"}:
        return ModuleState.ERROR, process_reason(ReasonCode.PROCESS_START_FAILED, process.problem)
    if seen.crashed:
        return ModuleState.ERROR, StateReason(ReasonCode.PROCESS_CRASHED)
    if check is None:
        return ModuleState.UNKNOWN, NOT_CHECKED
    return (
        derive_serving_state(check, seen.cpu)
        if check.serving
        else derive_failure_state(seen, check)
    )


def derive_failure_state(
    seen: Observation, check: HealthCheckResult
) -> tuple[ModuleState, StateReason]:
    """Return the state of a module that does not serve."""
    if seen.process is not None and seen.age_seconds < START_SECONDS:
        return ModuleState.STARTING, StateReason(ReasonCode.PROCESS_STARTING)
    if seen.process is None and check.refused:
        return ModuleState.STOPPED, StateReason(ReasonCode.CONNECTION_REFUSED)
    return ModuleState.ERROR, check.reason or StateReason(ReasonCode.NOT_SERVING)


def derive_serving_state(
    check: HealthCheckResult, cpu: float | None
) -> tuple[ModuleState, StateReason | None]:
    """Return the state of a module that serves."""
    if check.latency_seconds is not None and check.latency_seconds > BUSY_LATENCY_SECONDS:
        slow = {"milliseconds": f"{check.latency_seconds * 1000:.0f}"}
        return ModuleState.BUSY, StateReason(ReasonCode.CHECK_SLOW, slow)
    if cpu is not None and cpu > BUSY_CPU:
        high = {"percent": f"{cpu * 100:.0f}", "seconds": str(BUSY_CPU_SECONDS)}
        return ModuleState.BUSY, StateReason(ReasonCode.CPU_HIGH, high)
    return ModuleState.HEALTHY, None


def update_module(
    before: Module,
    process: Process | None,
    check: HealthCheckResult | None,
    *,
    cpu: float | None,
    reported_version: str,
    expected: bool,
    now: datetime,
) -> Module:
    """Return the module after a check.

    `expected` is True while an operator stops or restarts it, so an exit is not a crash.
    """
    serving = check is not None and check.serving
    # Report a crash for at least one check, even if the new process already serves.
    crashed = exited_unexpectedly(before, process) or (before.crashed and not serving)
    crashed = crashed and not expected
    start = process.start if process else None
    if start is None and check is not None:
        start = check.start_time
    age = (now - start).total_seconds() if start else 0.0
    state, reason = derive_state(Observation(check, process, age, cpu, crashed))
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
    """True if the known process exited and was not stopped on request."""
    if process is None or process.state in STOPPED_ON_REQUEST:
        return False
    return before.pid not in {0, process.pid}


def restart_completed(before: Module, after: Module) -> bool:
    """True if the module serves again after a requested start."""
    replaced = exited_unexpectedly(before, after.process)
    return after.serving and (
        replaced or before.state in {ModuleState.STOPPED, ModuleState.STARTING}
    )


def expire_check(module: Module, now: datetime) -> Module:
    """Return the module, as UNKNOWN if its last check is older than 5 seconds."""
    if module.check_time and (now - module.check_time).total_seconds() > CHECK_EXPIRES_SECONDS:
        return replace(
            module, state=ModuleState.UNKNOWN, reason=StateReason(ReasonCode.CHECK_EXPIRED)
        )
    return module


def allowed_actions(module: Module) -> list[ModuleAction]:
    """Return the actions that are available for a module in its current state."""
    if module.process is None:
        return []
    if module.process.state in {"STOPPED", "EXITED", "FATAL"}:
        return [ModuleAction.START]
    if module.name in EDGE | SERVERS | {SELF}:
        return [ModuleAction.RESTART]
    return [ModuleAction.STOP, ModuleAction.RESTART]


def process_check(process: Process | None) -> HealthCheckResult | None:
    """Return the check result of a module without a health check, from its process state."""
    if process is None:
        return None
    return HealthCheckResult(
        serving=process.state == "RUNNING", refused=False, latency_seconds=None
    )
