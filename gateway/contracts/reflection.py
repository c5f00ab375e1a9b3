"""Server reflection: fetches the services of a server and their descriptors.

It uses grpc.reflection.v1, or v1alpha, whose messages are the same.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.message import DecodeError
from grpc_reflection.v1alpha.reflection_pb2 import (
    ServerReflectionRequest,
    ServerReflectionResponse,
)

from gateway.contracts.descriptors import DescriptorError

VERSIONS = ("v1", "v1alpha")
ITSELF = "grpc.reflection."
SECONDS = 10.0
FILES_MAX = 2000
BYTES_MAX = 16 * 1024 * 1024

OPTIONS = (
    ("grpc.max_receive_message_length", BYTES_MAX),
    ("grpc.enable_http_proxy", 0),
    ("grpc.enable_retries", 0),
    ("grpc.service_config_disable_resolution", 1),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1000),
    ("grpc.max_reconnect_backoff_ms", 1000),
)


class ServerUnavailableError(DescriptorError):
    """The server is unreachable or did not respond in time."""


@dataclass(frozen=True)
class ReflectedServer:
    """The services of a server, with the file that defines each, and all their files.

    The reflection service itself is left out.
    """

    address: str
    services: Mapping[str, str]
    files: tuple[FileDescriptorProto, ...]


class Reflector:
    """Fetches the descriptors of one server over a persistent connection."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._channel = grpc.aio.insecure_channel(address, options=OPTIONS)

    async def fetch(self) -> ReflectedServer:
        """Fetch services and files.

        Raises:
            ServerUnavailableError: The server is unreachable, or took longer than 10 seconds.
            DescriptorError: It has no reflection, or its response cannot be used.
        """
        try:
            async with asyncio.timeout(SECONDS):
                for version in VERSIONS:
                    found = await self._fetch(version)
                    if found is not None:
                        return found
        except TimeoutError:
            raise ServerUnavailableError(
                f"{self.address} did not respond to reflection within {SECONDS:.0f} seconds."
            ) from None
        raise DescriptorError(
            f"{self.address} has no server reflection: give its descriptors with --descriptor-set."
        )

    async def wait_reconnected(self) -> None:
        """Wait until a lost connection is established again."""
        lost = False
        while True:
            state = self._channel.get_state(try_to_connect=True)
            if state is grpc.ChannelConnectivity.READY:
                if lost:
                    return
            else:
                lost = True
            await self._channel.wait_for_state_change(state)

    async def close(self) -> None:
        await self._channel.close()

    async def _fetch(self, version: str) -> ReflectedServer | None:
        """Fetch with one version of the service. None: the server does not have it."""
        client = ReflectionClient(self._channel, self.address, version)
        try:
            listed = await client.request(list_services="*")
        except UnknownVersionError:
            return None
        names = [service.name for service in listed.list_services_response.service]
        services = sorted(name for name in names if not name.startswith(ITSELF))
        files = await fetch_files(client, services)
        defined = {service: files.services[service] for service in services}
        return ReflectedServer(self.address, defined, tuple(files.known.values()))


class UnknownVersionError(DescriptorError):
    """The server has no reflection of this version."""


class ReflectionClient:
    """Calls one version of the reflection service, with a separate stream for each request.

    The method is a bidirectional stream. A stream with one request ends after its response, and can
    be
    called like a unary method.
    """

    def __init__(self, channel: grpc.aio.Channel, address: str, version: str) -> None:
        self.address = address
        self._method: Any = channel.unary_unary(
            f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
            request_serializer=ServerReflectionRequest.SerializeToString,
            response_deserializer=ServerReflectionResponse.FromString,
        )

    async def request(self, **fields: Any) -> Any:
        """Return the response to one request.

        Raises:
            UnknownVersionError, ServerUnavailableError, DescriptorError: The server does not
                have this version, is unreachable, or refuses.
        """
        try:
            response = await self._method(ServerReflectionRequest(**fields))
        except grpc.aio.AioRpcError as error:
            raise self._translate(error) from None
        if response.WhichOneof("message_response") == "error_response":
            problem = response.error_response.error_message
            requested = next(iter(fields.values()))
            raise DescriptorError(f"{self.address}, reflection of {requested!r}: {problem}.")
        return response

    def _translate(self, error: grpc.aio.AioRpcError) -> DescriptorError:
        code = error.code()
        if code is grpc.StatusCode.UNIMPLEMENTED:
            return UnknownVersionError(f"{self.address} has no reflection of this version.")
        if code is grpc.StatusCode.UNAVAILABLE:
            return ServerUnavailableError(f"{self.address} cannot be reached.")
        return DescriptorError(f"{self.address}, reflection: {code.name} {error.details()}.")


async def fetch_files(client: ReflectionClient, services: Iterable[str]) -> "FileCollection":
    """Fetch the files of services, and all files that these import.

    Raises:
        DescriptorError: There are more than 2,000 files or 16 MiB, or a file is missing.
    """
    files = FileCollection(client.address)
    for service in services:
        if service not in files.services:
            files.add(await client.request(file_containing_symbol=service))
            if service not in files.services:
                raise DescriptorError(f"{client.address}, reflection: no file defines {service}.")
    while missing := files.missing():
        name = missing[0]
        files.add(await client.request(file_by_filename=name))
        if name not in files.known:
            raise DescriptorError(f"{client.address}, reflection: {name} is missing.")
    return files


class FileCollection:
    """The files that a server sent, by name, and the names of those that define its services."""

    def __init__(self, address: str) -> None:
        self.known: dict[str, FileDescriptorProto] = {}
        self.services: dict[str, str] = {}
        self._address = address
        self._imports: set[str] = set()
        self._bytes = 0

    def add(self, response: Any) -> None:
        for content in response.file_descriptor_response.file_descriptor_proto:
            try:
                file = FileDescriptorProto.FromString(content)
            except DecodeError:
                raise DescriptorError(f"{self._address} sent an invalid descriptor.") from None
            if file.name not in self.known:
                self._bytes += len(content)
                self._add(file)

    def _add(self, file: FileDescriptorProto) -> None:
        if len(self.known) == FILES_MAX or self._bytes > BYTES_MAX:
            raise DescriptorError(
                f"{self._address} has more than {FILES_MAX} files or {BYTES_MAX} bytes "
                "of descriptors."
            )
        self.known[file.name] = file
        self._imports |= set(file.dependency)
        prefix = f"{file.package}." if file.package else ""
        self.services |= {prefix + service.name: file.name for service in file.service}

    def missing(self) -> list[str]:
        return sorted(self._imports - self.known.keys())
