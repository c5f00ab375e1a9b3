"""Discovery: where the gateway gets its descriptors and the addresses of their upstreams."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from gateway.contracts.descriptor_sets import join_sets
from gateway.contracts.descriptors import DescriptorError, read_set_file
from gateway.contracts.reflection import ReflectedServer, Reflector, ServerUnavailableError

FIRST_SECONDS = 10.0
RETRY_SECONDS = 0.5
SETTLED_SECONDS = 0.2
SETTLE_ROUNDS_MAX = 50

log = structlog.get_logger()


@dataclass(frozen=True)
class DiscoveryResult:
    """A descriptor set, its source, and the targets of packages or services.

    `services` are those to serve; None: all of the set.
    """

    source: str
    files: FileDescriptorSet
    targets: Mapping[str, str]
    services: frozenset[str] | None = None


class Discovery:
    """Reads descriptor sets, or else fetches them from servers by reflection.

    With `descriptor_sets`, the one address serves all services whose package has no target.
    Without, every
    address is asked by reflection and serves the services that it lists.
    """

    def __init__(
        self, descriptor_sets: Iterable[Path], addresses: Iterable[str], packages: Mapping[str, str]
    ) -> None:
        self._descriptor_sets = tuple(descriptor_sets)
        self._addresses = tuple(addresses)
        self._packages = packages
        self._last: dict[str, ReflectedServer] = {}
        self._reflectors: list[Reflector] = []
        if self._descriptor_sets and len(self._addresses) > 1:
            raise DescriptorError(
                "--upstream: with --descriptor-set, give one HOST:PORT, or PACKAGE=HOST:PORT each."
            )
        if not self._descriptor_sets and self._packages:
            raise DescriptorError(
                "--upstream: PACKAGE=HOST:PORT beside HOST:PORT needs --descriptor-set."
            )
        if not self._descriptor_sets:
            each = dict.fromkeys(part for text in self._addresses for part in text.split(","))
            self._reflectors = [Reflector(address) for address in each]

    async def read_first(self) -> DiscoveryResult:
        """Read at startup. Retry for 10 seconds, because servers may still be starting.

        Raises:
            DescriptorError: A server stays unavailable, or as `read`.
        """
        deadline = time.monotonic() + FIRST_SECONDS
        warned = False
        while True:
            try:
                return await self.read()
            except ServerUnavailableError as error:
                if time.monotonic() > deadline:
                    raise
                if not warned:
                    log.warning("upstream.awaited", problem=str(error), seconds=FIRST_SECONDS)
                warned = True
            await asyncio.sleep(RETRY_SECONDS)

    async def read(self) -> DiscoveryResult:
        """Read the sets, or query the servers. The last result stands for an unavailable server.

        Raises:
            DescriptorError: A set or a response cannot be used, or two of them differ.
        """
        if self._descriptor_sets:
            return await asyncio.to_thread(self._read_sets)
        reflected = await asyncio.gather(*map(self._fetch, self._reflectors))
        return await asyncio.to_thread(combine_servers, reflected)

    async def wait_reconnected(self) -> None:
        """Wait until a lost connection to any server is established again."""
        if not self._reflectors:
            await asyncio.Event().wait()
        waits = [
            asyncio.create_task(reflector.wait_reconnected()) for reflector in self._reflectors
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def close(self) -> None:
        for reflector in self._reflectors:
            await reflector.close()

    async def _fetch(self, reflector: Reflector) -> ReflectedServer:
        try:
            found = await reflector.fetch()
        except ServerUnavailableError:
            if reflector.address not in self._last:
                raise
            return self._last[reflector.address]
        self._last[reflector.address] = found
        return found

    def _read_sets(self) -> DiscoveryResult:
        for path in self._descriptor_sets:
            wait_until_written(path)
        joined = join_sets((str(path), read_set_file(path).file) for path in self._descriptor_sets)
        targets = dict(self._packages)
        for file in joined.file if self._addresses else ():
            if file.package not in self._packages:
                prefix = f"{file.package}." if file.package else ""
                services = [prefix + service.name for service in file.service]
                targets |= dict.fromkeys(services, self._addresses[0])
        return DiscoveryResult(", ".join(map(str, self._descriptor_sets)), joined, targets)


def combine_servers(reflected: Sequence[ReflectedServer]) -> DiscoveryResult:
    """Merge the results of several servers. A service that two list is balanced over both."""
    listed: dict[str, list[ReflectedServer]] = {}
    for each in reflected:
        for service, file in each.services.items():
            others = listed.setdefault(service, [])
            if others and others[0].services[service] != file:
                raise DescriptorError(
                    f"{others[0].address} and {each.address} differ in the file of {service}."
                )
            others.append(each)
    joined = join_sets((each.address, each.files) for each in reflected)
    targets = {
        service: ",".join(each.address for each in others) for service, others in listed.items()
    }
    source = ", ".join(each.address for each in reflected)
    return DiscoveryResult(source, joined, targets, frozenset(targets))


def wait_until_written(path: Path) -> None:
    """Wait until a file is at least 0.2 seconds old, in case it is still being written."""
    for _ in range(SETTLE_ROUNDS_MAX):
        try:
            age = time.time() - path.stat().st_mtime
        except OSError:
            return
        if not 0 <= age < SETTLED_SECONDS:
            return
        time.sleep(SETTLED_SECONDS)
