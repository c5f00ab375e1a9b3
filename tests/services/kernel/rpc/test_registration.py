"""Handlers are made from descriptors, also for code of other generators."""

import grpc
import pytest
from libral.users.v1 import users_pb2, users_pb2_grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as otlp
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2_grpc as otlp_grpc

from services.kernel.rpc.registration import handlers_of, service_of


class Users(users_pb2_grpc.UserServiceServicer):
    async def GetUser(self, request, context):
        return users_pb2.User(name=request.name)


class Receiver(otlp_grpc.MetricsServiceServicer):
    """A servicer whose generated code does not register methods by name."""

    async def Export(self, request, context):
        return otlp.ExportMetricsServiceResponse()


def test_the_service_is_that_of_the_generated_base_class():
    assert service_of(Users()).full_name == "libral.users.v1.UserService"
    assert service_of(Receiver()).full_name.endswith("metrics.v1.MetricsService")


def test_every_method_of_the_contract_has_a_handler():
    servicer = Users()
    service = service_of(servicer)
    handlers = handlers_of(servicer, service)
    assert set(handlers) == {method.name for method in service.methods}
    get = handlers["GetUser"]
    assert get.unary_unary == servicer.GetUser
    request = users_pb2.GetUserRequest(name="users/1")
    assert get.request_deserializer(request.SerializeToString()) == request


async def test_a_servicer_of_older_generated_code_is_served(mesh):
    from services.kernel.server import ServiceDefinition  # noqa: PLC0415 - beside its one use

    async def build(_kernel) -> ServiceDefinition:
        return ServiceDefinition(services=[Receiver()])

    running = await mesh.start("users", build)
    export = mesh.channel(running).unary_unary(
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
    )
    assert await export(b"") == b""


def test_a_class_without_a_contract_is_refused():
    with pytest.raises(TypeError, match="object derives from no generated servicer"):
        service_of(object())


def test_streams_keep_their_kind():
    from libral.events.v1 import events_pb2_grpc  # noqa: PLC0415 - beside its one use

    servicer = events_pb2_grpc.EventServiceServicer()
    handlers = handlers_of(servicer, service_of(servicer))
    stream: grpc.RpcMethodHandler = handlers["StreamEvents"]
    assert (stream.unary_stream, stream.unary_unary) == (servicer.StreamEvents, None)
