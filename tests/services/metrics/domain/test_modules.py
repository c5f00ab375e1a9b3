from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from libral.metrics.v1 import metrics_pb2

from services.metrics.domain.modules import (
    HealthCheckResult,
    Module,
    ModuleAction,
    ModuleState,
    Observation,
    Process,
    allowed_actions,
    derive_state,
    exited_unexpectedly,
    expire_check,
    process_check,
    restart_completed,
    update_module,
)
from services.metrics.domain.reasons import ReasonCode, StateReason

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SERVES = HealthCheckResult(serving=True, refused=False, latency_seconds=0.01)
SLOW = HealthCheckResult(serving=True, refused=False, latency_seconds=0.6)
SILENT = HealthCheckResult(
    serving=False, refused=False, latency_seconds=1.0, reason=StateReason(ReasonCode.NOT_SERVING)
)
REFUSED = HealthCheckResult(serving=False, refused=True, latency_seconds=0.0)


def process(state: str, pid: int = 1, problem: str = "") -> Process:
    return Process(state=state, pid=pid, start=NOW, problem=problem)


@pytest.mark.parametrize(
    ("check", "supervised", "age", "cpu", "crashed", "expected"),
    [
        (SERVES, "RUNNING", 60, None, False, ModuleState.HEALTHY),
        (SERVES, None, 0, None, False, ModuleState.HEALTHY),
        (SLOW, "RUNNING", 60, None, False, ModuleState.BUSY),
        (SERVES, "RUNNING", 60, 0.9, False, ModuleState.BUSY),
        (SILENT, "RUNNING", 60, None, False, ModuleState.ERROR),
        (REFUSED, "RUNNING", 3, None, False, ModuleState.STARTING),
        (REFUSED, "RUNNING", 3, None, True, ModuleState.ERROR),
        (SERVES, "RUNNING", 3, None, True, ModuleState.ERROR),
        (REFUSED, "STOPPED", 0, None, True, ModuleState.STOPPED),
        (REFUSED, None, 0, None, False, ModuleState.STOPPED),
        (SILENT, None, 0, None, False, ModuleState.ERROR),
        (REFUSED, "STOPPED", 0, None, False, ModuleState.STOPPED),
        (REFUSED, "FATAL", 0, None, False, ModuleState.ERROR),
        (REFUSED, "BACKOFF", 0, None, False, ModuleState.ERROR),
        (None, None, 0, None, False, ModuleState.UNKNOWN),
    ],
)
def test_state_follows_from_what_was_seen(check, supervised, age, cpu, crashed, expected):
    seen = Observation(check, supervised and process(supervised), age, cpu, crashed)
    assert derive_state(seen)[0] == expected


BAD_STATUS = StateReason(ReasonCode.CHECK_BAD_STATUS, {"status": "503"})


@pytest.mark.parametrize(
    ("check", "supervised", "cpu", "crashed", "expected"),
    [
        (SERVES, process("RUNNING"), None, False, None),
        (SLOW, None, None, False, StateReason(ReasonCode.CHECK_SLOW, {"milliseconds": "600"})),
        (
            SERVES,
            None,
            0.876,
            False,
            StateReason(ReasonCode.CPU_HIGH, {"percent": "88", "seconds": "30"}),
        ),
        (SILENT, None, None, True, StateReason(ReasonCode.PROCESS_CRASHED)),
        (REFUSED, process("RUNNING"), None, False, StateReason(ReasonCode.PROCESS_STARTING)),
        (REFUSED, None, None, False, StateReason(ReasonCode.CONNECTION_REFUSED)),
        (SILENT, None, None, False, StateReason(ReasonCode.NOT_SERVING)),
        (replace(SILENT, reason=None), None, None, False, StateReason(ReasonCode.NOT_SERVING)),
        (replace(SILENT, reason=BAD_STATUS), None, None, False, BAD_STATUS),
        (None, process("EXITED"), None, False, StateReason(ReasonCode.PROCESS_STOPPED)),
        (
            None,
            process("EXITED", problem="Exited by itself"),
            None,
            False,
            StateReason(ReasonCode.PROCESS_STOPPED, {"detail": "Exited by itself"}),
        ),
        (None, process("FATAL"), None, False, StateReason(ReasonCode.PROCESS_START_FAILED)),
        (
            None,
            process("BACKOFF", problem="Exited too quickly"),
            None,
            False,
            StateReason(ReasonCode.PROCESS_START_FAILED, {"detail": "Exited too quickly"}),
        ),
        (None, None, None, False, StateReason(ReasonCode.NOT_CHECKED)),
    ],
)
def test_each_state_has_its_reason(check, supervised, cpu, crashed, expected):
    assert derive_state(Observation(check, supervised, 3.0, cpu, crashed))[1] == expected


@pytest.mark.parametrize(
    ("ours", "contract"),
    [(ModuleState, metrics_pb2.Module.State), (ModuleAction, metrics_pb2.Module.Action)],
)
def test_the_values_are_those_of_the_contract(ours, contract):
    values = dict(contract.items())
    assert {one.name: one.value for one in ours} == {
        name: value for name, value in values.items() if value
    }


def checked(
    before: Module, process: Process | None, check: HealthCheckResult | None, **known
) -> Module:
    known = {"cpu": None, "reported_version": "", "expected": False, "now": NOW} | known
    return update_module(before, process, check, **known)


def test_a_crash_stays_until_the_module_serves_again():
    running = checked(Module("users"), process("RUNNING", 1), SERVES)
    crashed = checked(running, process("RUNNING", 2), SERVES)
    assert (crashed.state, crashed.reason) == (
        ModuleState.ERROR,
        StateReason(ReasonCode.PROCESS_CRASHED),
    )
    silent = checked(crashed, process("RUNNING", 2), SILENT)
    assert (silent.state, silent.crashed) == (ModuleState.ERROR, True)
    again = checked(silent, process("RUNNING", 2), SERVES)
    assert (again.state, again.crashed, again.message) == (ModuleState.HEALTHY, False, "")


def test_an_expected_restart_is_not_a_crash():
    running = checked(Module("users"), process("RUNNING", 1), SERVES)
    restarted = checked(running, process("RUNNING", 2), SERVES, expected=True)
    assert restarted.state == ModuleState.HEALTHY
    assert restart_completed(running, restarted)
    assert not restart_completed(running, checked(running, process("RUNNING", 2), SILENT))


def test_the_state_time_is_that_of_the_last_change():
    first = checked(Module("users"), None, SERVES)
    later = NOW + timedelta(seconds=1)
    second = checked(first, None, SERVES, now=later)
    assert (second.state_time, second.check_time) == (NOW, later)
    third = checked(second, None, SILENT, now=later)
    assert third.state_time == later


def test_a_version_that_was_reported_wins_and_is_kept():
    check = replace(SERVES, version="1.0", start_time=NOW)
    module = checked(Module("gateway"), None, check, reported_version="2.0")
    assert (module.version, module.start_time) == ("2.0", NOW)
    assert checked(module, None, check).version == "1.0"
    assert checked(module, None, SILENT).version == "2.0"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (None, False),
        (process("STOPPED", 0), False),
        (process("RUNNING", 1), False),
        (process("RUNNING", 2), True),
        (process("EXITED", 0), True),
    ],
)
def test_a_process_that_is_another_one_ended_unexpectedly(found, expected):
    before = Module("users", process=process("RUNNING", 1))
    assert exited_unexpectedly(before, found) is expected


def test_an_old_check_is_not_believed():
    module = checked(Module("users"), None, SERVES)
    assert expire_check(module, NOW + timedelta(seconds=5)) == module
    expired = expire_check(module, NOW + timedelta(seconds=6))
    assert (expired.state, expired.reason) == (
        ModuleState.UNKNOWN,
        StateReason(ReasonCode.CHECK_EXPIRED),
    )


@pytest.mark.parametrize(
    ("name", "state", "expected"),
    [
        ("users", "RUNNING", [ModuleAction.STOP, ModuleAction.RESTART]),
        ("users", "STOPPED", [ModuleAction.START]),
        ("users", "FATAL", [ModuleAction.START]),
        ("gateway", "RUNNING", [ModuleAction.RESTART]),
        ("postgres", "RUNNING", [ModuleAction.RESTART]),
        ("metrics", "RUNNING", [ModuleAction.RESTART]),
        ("gateway", "EXITED", [ModuleAction.START]),
        ("users", None, []),
    ],
)
def test_actions_follow_from_the_process(name, state, expected):
    assert allowed_actions(Module(name, process=state and process(state))) == expected


def test_a_module_without_health_check_serves_while_its_process_runs():
    assert process_check(None) is None
    assert process_check(process("RUNNING")) == HealthCheckResult(
        serving=True, refused=False, latency_seconds=None
    )
    assert not process_check(process("BACKOFF")).serving
