"""Servers of contracts that a test writes as text, with or without reflection."""

import asyncio
import itertools
from pathlib import Path
from typing import Any, Self

import grpc
from google.protobuf import message_factory
from grpc_reflection.v1alpha import reflection, reflection_pb2

from gateway.contracts.descriptors import Contracts, load_file
from tests.gateway.conftest import compile_protos

MESSAGES = (
    "message Request { string name = 1; }"
    "message Reply { string method = 1; string server = 2; string name = 3; string caller = 4; }"
)
numbers = itertools.count()


def write_set(
    folder: Path, rpcs: str, *, package: str = "shop.v1", file: str = "shop.proto"
) -> Path:
    """Compile a service Shop with these methods to a descriptor set."""
    place = folder / f"contract{next(numbers)}"
    place.mkdir()
    source = place / file
    source.write_text(
        f'syntax = "proto3"; package {package}; import "google/api/annotations.proto";'
        f"service Shop {{ {rpcs} }} {MESSAGES}"
    )
    return compile_protos(place / "set.binpb", source)


def rpc(name: str, http: str = "", reply: str = "Reply", request: str = "Request") -> str:
    option = f"option (google.api.http) = {{{http}}};" if http else ""
    return f"rpc {name}({request}) returns ({reply}) {{ {option} }} "


def write_plain_set(folder: Path) -> Path:
    """Compile methods without bindings."""
    watch = rpc("Watch", reply="stream Reply")
    return write_set(folder, rpc("Ask") + watch + rpc("Upload", request="stream Request"))


class Backend:
    """A server whose replies hold its name and the request.

    A request with the name `slow` takes half a second. A stream sends one reply, and the next when
    `release`
    is set. A client stream gets the reply to its last request.
    """

    def __init__(
        self,
        descriptor_set: Path,
        *,
        versions: tuple[str, ...] = ("v1", "v1alpha"),
        name: str = "one",
        port: int = 0,
    ) -> None:
        self.contracts: Contracts = load_file(descriptor_set)
        self.name = name
        self.port = port
        self.release = asyncio.Event()
        self._versions = versions

    async def __aenter__(self) -> Self:
        self._server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        services: dict[str, dict[str, Any]] = {}
        for method in self.contracts.methods:
            handlers = services.setdefault(method.service, {})
            handlers[method.full_name.rpartition(".")[2]] = self._handler(method)
        for service, handlers in services.items():
            handler = grpc.method_handlers_generic_handler(service, handlers)
            self._server.add_generic_rpc_handlers([handler])
        self._reflect([*services, "grpc.reflection.v1.ServerReflection"])
        self.port = self._server.add_insecure_port(f"127.0.0.1:{self.port}")
        await self._server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        await self._server.stop(None)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def _handler(self, method: Any) -> Any:
        make_reply = message_factory.GetMessageClass(method.output)
        read = message_factory.GetMessageClass(method.input).FromString

        def reply(request: Any, context: Any) -> bytes:
            caller = dict(context.invocation_metadata()).get("authorization", "")
            response = make_reply(
                method=method.full_name, server=self.name, name=request.name, caller=caller
            )
            return response.SerializeToString()

        async def unary(request, context):
            await asyncio.sleep(0.5 if request.name == "slow" else 0)
            return reply(request, context)

        async def stream(request, context):
            yield reply(request, context)
            await asyncio.wait_for(self.release.wait(), 10)
            yield reply(request, context)

        async def last(requests, context):
            return [reply(request, context) async for request in requests][-1]

        if method.client_streaming:
            return grpc.stream_unary_rpc_method_handler(last, request_deserializer=read)
        if method.server_streaming:
            return grpc.unary_stream_rpc_method_handler(stream, request_deserializer=read)
        return grpc.unary_unary_rpc_method_handler(unary, request_deserializer=read)

    def _reflect(self, services: list[str]) -> None:
        servicer = reflection.aio.ReflectionServicer(services, pool=self.contracts.pool)
        handler = grpc.stream_stream_rpc_method_handler(
            servicer.ServerReflectionInfo,
            reflection_pb2.ServerReflectionRequest.FromString,
            reflection_pb2.ServerReflectionResponse.SerializeToString,
        )
        for version in self._versions:
            name = f"grpc.reflection.{version}.ServerReflection"
            found = grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": handler})
            self._server.add_generic_rpc_handlers([found])
