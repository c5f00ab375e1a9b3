"""Services and files fetched by reflection."""

import asyncio

import grpc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_reflection.v1alpha.reflection_pb2 import (
    ServerReflectionRequest,
    ServerReflectionResponse,
)

from gateway.contracts import reflection
from gateway.contracts.descriptors import DescriptorError
from gateway.contracts.reflection import Reflector, ServerUnavailableError
from tests.gateway.backends import Backend, rpc, write_set

pytestmark = pytest.mark.asyncio(loop_scope="session")

RPCS = rpc("Get", 'get: "/v1/{name}"')


async def fetch(address: str):
    reflector = Reflector(address)
    try:
        return await reflector.fetch()
    finally:
        await reflector.close()


@pytest.mark.parametrize("versions", [("v1",), ("v1alpha",), ("v1", "v1alpha")])
async def test_learns_services_and_files_in_each_version(tmp_path, versions):
    async with Backend(write_set(tmp_path, RPCS), versions=versions) as backend:
        found = await fetch(backend.address)
    assert found.services == {"shop.v1.Shop": "shop.proto"}
    assert {file.name for file in found.files} == {
        "shop.proto",
        "google/api/annotations.proto",
        "google/api/http.proto",
        "google/protobuf/descriptor.proto",
    }


async def test_names_a_server_without_reflection(tmp_path):
    async with Backend(write_set(tmp_path, RPCS), versions=()) as backend:
        with pytest.raises(DescriptorError) as caught:
            await fetch(backend.address)
    assert str(caught.value) == (
        f"{backend.address} has no server reflection: give its descriptors with --descriptor-set."
    )


async def test_names_a_server_that_is_away():
    with pytest.raises(ServerUnavailableError, match=r"^127\.0\.0\.1:1 cannot be reached\.$"):
        await fetch("127.0.0.1:1")


class Liar:
    """A server with arbitrary reflection responses."""

    def __init__(self, services, files, delay=0.0) -> None:
        self._services, self._files, self._delay = services, files, delay

    async def respond(self, requests, context):
        async for request in requests:
            await asyncio.sleep(self._delay)
            response = ServerReflectionResponse()
            if request.list_services:
                for name in self._services:
                    response.list_services_response.service.add(name=name)
            else:
                content = self._files(request)
                if content is None:
                    response.error_response.error_code = 5
                    response.error_response.error_message = "not found"
                else:
                    response.file_descriptor_response.file_descriptor_proto.append(content)
            yield response

    async def ask(self):
        server = grpc.aio.server()
        handler = grpc.stream_stream_rpc_method_handler(
            self.respond,
            ServerReflectionRequest.FromString,
            ServerReflectionResponse.SerializeToString,
        )
        service = grpc.method_handlers_generic_handler(
            "grpc.reflection.v1.ServerReflection", {"ServerReflectionInfo": handler}
        )
        server.add_generic_rpc_handlers([service])
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        try:
            return await fetch(f"127.0.0.1:{port}")
        finally:
            await server.stop(None)


def file(name: str, *imports: str, service: str = "", size: int = 0) -> bytes:
    found = FileDescriptorProto(name=name, package="x" * size, dependency=imports)
    if service:
        found.service.add(name=service)
    return found.SerializeToString()


def endless(request) -> bytes:
    """Each file imports one more."""
    if request.file_containing_symbol:
        return file("0", "1", service="Endless")
    return file(request.file_by_filename, str(int(request.file_by_filename) + 1))


LIES = [
    (["a.B"], lambda _: None, "reflection of 'a.B': not found."),
    (["a.B"], lambda _: file("a.proto"), "reflection: no file defines a.B."),
    (["a.B"], lambda _: b"\xff", "sent an invalid descriptor."),
    (["B"], lambda _: file("a.proto", "b.proto", service="B"), "b.proto is missing."),
    (["Endless"], endless, "has more than 50 files or 5000 bytes of descriptors."),
    (["a.B"], lambda _: file("a", size=6000), "more than 50 files or 5000 bytes of descriptors."),
]


@pytest.mark.parametrize(("services", "files", "problem"), LIES)
async def test_reflection_responses_are_bounded_and_checked(monkeypatch, services, files, problem):
    monkeypatch.setattr(reflection, "FILES_MAX", 50)
    monkeypatch.setattr(reflection, "BYTES_MAX", 5000)
    with pytest.raises(DescriptorError) as caught:
        await Liar(services, files).ask()
    assert str(caught.value).startswith("127.0.0.1:")
    assert str(caught.value).endswith(problem)


async def test_reflection_takes_no_longer_than_its_bound(monkeypatch):
    monkeypatch.setattr(reflection, "SECONDS", 0.2)
    with pytest.raises(ServerUnavailableError, match="did not respond to reflection within"):
        await Liar(["Endless"], endless, delay=0.05).ask()


async def test_waits_until_a_server_has_reconnected(tmp_path):
    contract = write_set(tmp_path, RPCS)
    async with Backend(contract) as backend:
        reflector = Reflector(backend.address)
        await reflector.fetch()
        reconnected = asyncio.create_task(reflector.wait_reconnected())
        await asyncio.sleep(0.2)
        assert not reconnected.done()
    await asyncio.sleep(0.2)
    assert not reconnected.done()
    async with Backend(contract, port=backend.port):
        await asyncio.wait_for(reconnected, 5)
    await reflector.close()
