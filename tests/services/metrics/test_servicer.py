import asyncio
import time
from contextlib import asynccontextmanager
from datetime import UTC

import asyncpg
import psutil
import pytest
import redis
from google.protobuf.duration_pb2 import Duration
from libral.metrics.v1 import metrics_pb2
from libral.metrics.v1 import metrics_pb2_grpc as contract
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as otlp
from opentelemetry.proto.metrics.v1 import metrics_pb2 as otlp_metrics

from services.common.telemetry import EXPORT
from services.kernel.database.database import unavailable
from services.metrics import storage
from services.metrics.__main__ import build
from tests.services.helpers import refused

BOUNDS = (0.01, 0.1, 1.0)


async def eventually(read, accept, seconds: float = 10.0):
    """Reads again and again until what is read is accepted."""
    deadline = time.monotonic() + seconds
    while True:
        value = await read()
        if accept(value):
            return value
        assert time.monotonic() < deadline, value
        await asyncio.sleep(0.1)


def make_report(statuses: dict[str, list[int]]) -> otlp.ExportMetricsServiceRequest:
    report = otlp.ExportMetricsServiceRequest()
    resource = report.resource_metrics.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "gateway"
    metric = resource.scope_metrics.add().metrics.add(name="http.server.request.duration", unit="s")
    metric.histogram.aggregation_temporality = otlp_metrics.AGGREGATION_TEMPORALITY_DELTA
    for status, counts in statuses.items():
        point = metric.histogram.data_points.add(
            time_unix_nano=time.time_ns(), bucket_counts=counts, explicit_bounds=BOUNDS
        )
        labels = {
            "http.request.method": "GET",
            "http.route": "/v1/users",
            "http.response.status_code": status,
        }
        for key, value in labels.items():
            point.attributes.add(key=key).value.string_value = value
    return report


def exporter(channel):
    return channel.unary_unary(
        EXPORT,
        request_serializer=otlp.ExportMetricsServiceRequest.SerializeToString,
        response_deserializer=otlp.ExportMetricsServiceResponse.FromString,
    )


async def test_host_figures_agree_with_psutil(channel):
    stub = contract.InfrastructureServiceStub(channel)
    seen = await eventually(
        lambda: stub.GetInfrastructure(metrics_pb2.GetInfrastructureRequest()),
        lambda seen: seen.host.HasField("memory_used_bytes") and seen.database.reachable,
    )
    memory = psutil.virtual_memory()
    assert seen.host.memory_total_bytes == memory.total
    assert seen.host.memory_used_bytes == pytest.approx(memory.total - memory.available, rel=0.2)
    assert seen.host.disk_total_bytes == psutil.disk_usage("/").total
    assert seen.host.core_count == psutil.cpu_count()


async def test_database_and_cache_figures_agree_with_the_servers(channel, database_url, redis_url):
    stub = contract.InfrastructureServiceStub(channel)
    seen = await eventually(
        lambda: stub.GetInfrastructure(metrics_pb2.GetInfrastructureRequest()),
        lambda seen: seen.database.HasField("transaction_rate") and seen.cache.reachable,
        seconds=15,
    )
    connection = await asyncpg.connect(database_url)
    assert seen.database.max_connections == int(
        await connection.fetchval("SELECT current_setting('max_connections')")
    )
    size = await connection.fetchval("SELECT pg_database_size(current_database())")
    assert seen.database.size_bytes == pytest.approx(size, rel=0.1)
    await connection.close()
    with redis.Redis.from_url(redis_url) as client:
        info = client.info()
    assert seen.cache.version == info["valkey_version"]
    assert seen.cache.memory_max_bytes == info["maxmemory"]
    assert seen.cache.memory_used_bytes == pytest.approx(info["used_memory"], rel=0.5)


async def test_a_cache_that_is_away_has_no_figures(mesh):
    room = await mesh.start("metrics", build, {"REDIS_URL": "redis://:geheim@127.0.0.1:9/0"})
    stub = contract.InfrastructureServiceStub(mesh.channel(room))
    seen = await eventually(
        lambda: stub.GetInfrastructure(metrics_pb2.GetInfrastructureRequest()),
        lambda seen: seen.database.reachable,
    )
    assert not seen.cache.reachable
    assert not seen.cache.HasField("memory_used_bytes")
    assert "away" in seen.cache.problem
    assert "geheim" not in seen.cache.problem


async def test_collected_series_are_queried_and_streamed(metrics):
    request = metrics_pb2.QueryMetricsRequest(metric="system.memory.utilization")
    answer = await eventually(
        lambda: metrics.QueryMetrics(request), lambda answer: len(answer.series) == 1
    )
    assert answer.series[0].source == "host"
    assert 0 < answer.series[0].points[-1].value < 1
    stream = metrics.StreamMetrics(metrics_pb2.StreamMetricsRequest(metrics=["system.load.1m"]))
    message = await asyncio.wait_for(stream.read(), 5)
    assert [one.metric for one in message.samples] == ["system.load.1m"]
    stream.cancel()


async def test_gateway_reports_become_endpoints(channel, metrics):
    await exporter(channel)(make_report({"200": [90, 5, 0, 0], "503": [0, 0, 5, 0]}))
    stub = contract.ApiAnalyticsServiceStub(channel)
    answer = await stub.ListEndpoints(metrics_pb2.ListEndpointsRequest())
    [endpoint] = answer.endpoints
    assert (endpoint.method, endpoint.route) == ("GET", "/v1/users")
    assert endpoint.request_count == 100
    assert endpoint.server_error_rate == 0.05
    assert endpoint.p50.ToTimedelta().total_seconds() < 0.01
    assert 0.1 <= endpoint.p99.ToTimedelta().total_seconds() <= 1.0
    assert answer.total.request_count == 100
    assert answer.report_time.seconds
    query = metrics_pb2.QueryMetricsRequest(
        metric="http.server.request.duration", aggregation="SUM", merge=True
    )
    answer = await metrics.QueryMetrics(query)
    assert [point.value for one in answer.series for point in one.points] == [100.0]


async def test_what_cannot_be_taken_is_said(channel):
    report = make_report({"200": [1, 0, 0, 0]})
    metric = report.resource_metrics[0].scope_metrics[0].metrics[0]
    metric.histogram.aggregation_temporality = otlp_metrics.AGGREGATION_TEMPORALITY_CUMULATIVE
    answer = await exporter(channel)(report)
    assert answer.partial_success.rejected_data_points == 1


async def test_a_report_that_cannot_be_kept_may_be_sent_again(channel, room, monkeypatch):
    @asynccontextmanager
    async def away():
        raise unavailable()
        yield

    await exporter(channel)(make_report({"200": [1, 0, 0, 0]}))
    monkeypatch.setattr(room.kernel.database, "transaction", away)
    with refused("UNAVAILABLE"):
        await exporter(channel)(make_report({"200": [1, 0, 0, 0]}))


async def test_a_series_whose_first_report_is_lost_is_made_by_the_next(channel, monkeypatch):
    async def fail(*_) -> None:
        raise unavailable()

    report = make_report({"200": [1, 0, 0, 0]})
    with monkeypatch.context() as patch:
        patch.setattr(storage, "insert_distributions", fail)
        with refused("UNAVAILABLE"):
            await exporter(channel)(report)
    await exporter(channel)(report)


async def test_bad_queries_are_named(metrics, channel):
    with refused("INVALID_ARGUMENT", fields=["metric"]):
        await metrics.QueryMetrics(metrics_pb2.QueryMetricsRequest())
    with refused("INVALID_ARGUMENT", fields=["window"]):
        await contract.ApiAnalyticsServiceStub(channel).ListEndpoints(
            metrics_pb2.ListEndpointsRequest(window=Duration(seconds=1))
        )


async def test_alert_opens_and_can_be_acknowledged_by_operators_only(channel, metrics):
    with refused("PERMISSION_DENIED"):
        await contract.AlertServiceStub(channel).CreateAlertRule(
            metrics_pb2.CreateAlertRuleRequest()
        )


async def test_servers_are_checked_by_asking_them(mesh, database_url):
    room = await mesh.start("metrics", build, {"REDIS_URL": "redis://:geheim@127.0.0.1:9/0"})
    stub = contract.ModuleServiceStub(mesh.channel(room))

    async def look() -> dict[str, metrics_pb2.Module]:
        answer = await stub.ListModules(metrics_pb2.ListModulesRequest())
        return {one.name.removeprefix("modules/"): one for one in answer.modules}

    state = metrics_pb2.Module.State
    seen = await eventually(look, lambda seen: seen["valkey"].state == state.ERROR)
    assert "geheim" not in seen["valkey"].reason
    seen = await eventually(look, lambda seen: seen["postgres"].state == state.HEALTHY)
    connection = await asyncpg.connect(database_url)
    version = await connection.fetchval("SELECT current_setting('server_version')")
    started = await connection.fetchval("SELECT pg_postmaster_start_time()")
    await connection.close()
    assert seen["postgres"].version == version.split()[0]
    assert seen["postgres"].start_time.ToDatetime(UTC) == started
    assert seen["postgres"].check_latency.ToTimedelta().total_seconds() > 0


async def test_what_a_process_uses_is_measured(mesh, environment, home):
    room = await mesh.start(
        "metrics", build, environment | {"LIBRAL_SUPERVISOR_SOCKET": str(home.socket)}
    )
    stub = contract.ModuleServiceStub(mesh.channel(room))

    async def look() -> metrics_pb2.Module:
        answer = await stub.ListModules(metrics_pb2.ListModulesRequest())
        return next(
            (one for one in answer.modules if one.name == "modules/sleeper"), metrics_pb2.Module()
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
    monkeypatch.setattr("services.metrics.worker.modules.INTERVAL_SECONDS", interval)
    environment |= {"LIBRAL_SUPERVISOR_SOCKET": str(home.socket)}
    room = await mesh.start("metrics", build, environment)
    modules = contract.ModuleServiceStub(mesh.channel(room))
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
