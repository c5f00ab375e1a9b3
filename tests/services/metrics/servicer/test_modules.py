from datetime import UTC, datetime

import asyncpg
import psutil
import pytest
from libral.metrics.v1 import metrics_pb2
from libral.metrics.v1 import metrics_pb2_grpc as contract

from services.metrics.__main__ import build
from services.metrics.domain.modules import (
    HealthCheckResult,
    Module,
    ModuleAction,
    ModuleState,
    Process,
    ProcessUsage,
)
from services.metrics.domain.reasons import ReasonCode, StateReason
from services.metrics.servicer.modules import module_message
from tests.services.helpers import refused
from tests.services.metrics.helpers import eventually

NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def test_servers_are_checked_by_asking_them(mesh, database_url):
    service = await mesh.start("metrics", build, {"REDIS_URL": "redis://:geheim@127.0.0.1:9/0"})
    stub = contract.ModuleServiceStub(mesh.channel(service))

    async def look() -> dict[str, metrics_pb2.Module]:
        response = await stub.ListModules(metrics_pb2.ListModulesRequest())
        return {one.name.removeprefix("modules/"): one for one in response.modules}

    state = metrics_pb2.Module.State
    seen = await eventually(look, lambda seen: seen["valkey"].state == state.ERROR)
    assert "geheim" not in seen["valkey"].reason
    reason = seen["valkey"].state_reason
    assert reason.code == metrics_pb2.Module.StateReason.CHECK_FAILED
    assert seen["valkey"].reason == f"The health check failed: {reason.metadata['error']}."
    seen = await eventually(look, lambda seen: seen["postgres"].state == state.HEALTHY)
    connection = await asyncpg.connect(database_url)
    version = await connection.fetchval("SELECT current_setting('server_version')")
    started = await connection.fetchval("SELECT pg_postmaster_start_time()")
    await connection.close()
    assert seen["postgres"].version == version.split()[0]
    assert seen["postgres"].start_time.ToDatetime(UTC) == started
    assert seen["postgres"].check_latency.ToTimedelta().total_seconds() > 0


async def test_what_a_process_uses_is_measured(mesh, environment, home):
    service = await mesh.start(
        "metrics", build, environment | {"LIBRAL_SUPERVISOR_SOCKET": str(home.socket)}
    )
    stub = contract.ModuleServiceStub(mesh.channel(service))

    async def look() -> metrics_pb2.Module:
        response = await stub.ListModules(metrics_pb2.ListModulesRequest())
        return next(
            (one for one in response.modules if one.name == "modules/sleeper"), metrics_pb2.Module()
        )

    seen = await eventually(look, lambda seen: seen.HasField("cpu_utilization"), seconds=15)
    assert seen.cpu_utilization < 0.1
    assert seen.memory_bytes == pytest.approx(
        psutil.Process(seen.pid).memory_full_info().pss, rel=0.3
    )
    assert not seen.HasField("check_latency")


@pytest.mark.parametrize("interval", [1.0, 4.0], ids=["noticed", "back-before-the-next-look"])
async def test_a_killed_process_shows_and_comes_back(
    mesh, environment, home, monkeypatch, interval
):
    monkeypatch.setattr("services.metrics.workers.CHECK_SECONDS", interval)
    environment |= {"LIBRAL_SUPERVISOR_SOCKET": str(home.socket)}
    service = await mesh.start("metrics", build, environment)
    modules = contract.ModuleServiceStub(mesh.channel(service))
    request = metrics_pb2.GetModuleRequest(name="modules/sleeper")

    async def state() -> tuple[str, int]:
        try:
            module = await modules.GetModule(request)
        except Exception:  # noqa: BLE001 - it is not known before the first look
            return "", 0
        return metrics_pb2.Module.State.Name(module.state), module.pid

    _, pid = await eventually(state, lambda seen: seen[0] == "HEALTHY")
    psutil.Process(pid).kill()
    await eventually(state, lambda seen: seen[0] in {"ERROR", "STOPPED"}, seconds=interval + 4)
    _, again = await eventually(state, lambda seen: seen[0] == "HEALTHY")
    assert again != pid


def test_a_healthy_module_has_no_reason():
    message = module_message(Module("users", state=ModuleState.HEALTHY, reason=None), [])
    assert (message.state, message.reason) == (metrics_pb2.Module.HEALTHY, "")
    assert not message.HasField("state_reason")


def test_a_reason_has_a_code_its_values_and_texts():
    slow = StateReason(ReasonCode.CHECK_SLOW, {"milliseconds": "700"})
    message = module_message(Module("users", state=ModuleState.BUSY, reason=slow), [])
    reason = message.state_reason
    assert message.reason == "The health check took 700 ms."
    assert reason.code == metrics_pb2.Module.StateReason.CHECK_SLOW
    assert dict(reason.metadata) == {"milliseconds": "700"}
    assert reason.localized_message.locale == "ja"
    assert reason.localized_message.message == "死活監視の応答に700 msかかりました。"


def test_a_module_that_was_never_checked_is_unknown():
    message = module_message(Module("users"), [])
    assert message.state == metrics_pb2.Module.UNKNOWN
    assert message.state_reason.code == metrics_pb2.Module.StateReason.NOT_CHECKED
    assert not message.HasField("check_time")
    assert not message.HasField("check_latency")


def test_all_of_a_module_is_in_its_message():
    module = Module(
        "users",
        state=ModuleState.HEALTHY,
        reason=None,
        version="1.2",
        process=Process("RUNNING", 42, NOW, ""),
        check=HealthCheckResult(serving=True, refused=False, latency_seconds=0.25),
        check_time=NOW,
        state_time=NOW,
        start_time=NOW,
        usage=ProcessUsage(1024, 0.5),
    )
    message = module_message(module, [ModuleAction.STOP, ModuleAction.RESTART])
    assert (message.name, message.version, message.pid) == ("modules/users", "1.2", 42)
    assert list(message.actions) == [metrics_pb2.Module.STOP, metrics_pb2.Module.RESTART]
    assert message.check_latency.ToTimedelta().total_seconds() == 0.25
    assert (message.memory_bytes, message.cpu_utilization) == (1024, 0.5)
    assert message.start_time.ToDatetime(UTC) == NOW


async def test_a_module_is_asked_for_by_its_name(channel):
    stub = contract.ModuleServiceStub(channel)
    module = await stub.GetModule(metrics_pb2.GetModuleRequest(name="modules/valkey"))
    assert module.name == "modules/valkey"
    with refused("INVALID_ARGUMENT", fields=["name"]):
        await stub.GetModule(metrics_pb2.GetModuleRequest(name="users/valkey"))
    with refused("NOT_FOUND", "MODULE_NOT_FOUND"):
        await stub.GetModule(metrics_pb2.GetModuleRequest(name="modules/none"))


async def test_changes_of_state_are_streamed(channel):
    stream = contract.ModuleServiceStub(channel).StreamModules(metrics_pb2.StreamModulesRequest())

    async def read() -> dict[str, int]:
        response = await stream.read()
        return {one.name: one.state for one in response.modules}

    healthy = metrics_pb2.Module.HEALTHY
    seen = await eventually(read, lambda seen: seen["modules/valkey"] == healthy)
    assert seen.keys() == {"modules/postgres", "modules/valkey"}
    stream.cancel()
