from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from libral.metrics.v1 import metrics_pb2
from libral.metrics.v1 import metrics_pb2_grpc as contract

from services.metrics.__main__ import build
from tests.services.metrics.helpers import build_nothing, eventually


async def test_all_contracts_are_served(channel):
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    call = stub.ServerReflectionInfo()
    await call.write(reflection_pb2.ServerReflectionRequest(list_services=""))
    response = await call.read()
    call.cancel()
    names = {one.name for one in response.list_services_response.service}
    ours = metrics_pb2.DESCRIPTOR.services_by_name.values()
    assert {service.full_name for service in ours} <= names
    assert "opentelemetry.proto.collector.metrics.v1.MetricsService" in names


async def test_services_and_pages_are_monitored(mesh, environment, page):
    other = await mesh.start("metrics", build_nothing)
    environment |= {
        "LIBRAL_USERS_TARGET": f"127.0.0.1:{other.port}",
        "LIBRAL_DASHBOARD_URL": page.url.removesuffix("/healthz"),
    }
    service = await mesh.start("metrics", build, environment)
    stub = contract.ModuleServiceStub(mesh.channel(service))

    async def states() -> dict[str, int]:
        response = await stub.ListModules(metrics_pb2.ListModulesRequest())
        return {one.name.removeprefix("modules/"): one.state for one in response.modules}

    healthy = metrics_pb2.Module.HEALTHY
    names = ("users", "dashboard", "postgres", "valkey")
    await eventually(states, lambda seen: seen == dict.fromkeys(names, healthy))
