"""The handlers of a servicer's methods, made from the descriptors of its contract."""

import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message_factory import GetMessageClass

GENERATED, SERVICER = "_pb2_grpc", "Servicer"

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
MAKERS: Mapping[tuple[bool, bool], Callable[..., Handler]] = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, False): grpc.stream_unary_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}


def service_of(servicer: object) -> ServiceDescriptor:
    """Return the descriptor of the service that a servicer implements.

    Its class derives from a generated class `XServicer` of a module `*_pb2_grpc`; the module
    `*_pb2` beside it has the descriptor of X.

    Raises:
        TypeError: The class derives from no generated class.
    """
    for base in type(servicer).__mro__:
        if base.__module__.endswith(GENERATED) and base.__name__.endswith(SERVICER):
            messages = sys.modules[base.__module__.removesuffix("_grpc")]
            services = messages.DESCRIPTOR.services_by_name
            service: ServiceDescriptor = services[base.__name__.removesuffix(SERVICER)]
            return service
    raise TypeError(f"{type(servicer).__name__} derives from no generated servicer.")


def handlers_of(servicer: object, service: ServiceDescriptor) -> dict[str, Handler]:
    """Return the handlers of a service's methods by method name."""
    return {method.name: make_handler(servicer, method) for method in service.methods}


def make_handler(servicer: object, method: MethodDescriptor) -> Handler:
    """Return the handler that calls a method of a servicer."""
    make = MAKERS[method.client_streaming, method.server_streaming]
    return make(
        getattr(servicer, method.name),
        request_deserializer=GetMessageClass(method.input_type).FromString,
        response_serializer=GetMessageClass(method.output_type).SerializeToString,
    )
