"""A gateway for contracts of any shape: its upstream answers with the bytes that it was sent."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.contracts.descriptors import Contracts, load_file
from tests.gateway.conftest import RunningGateway, compile_protos
from tests.gateway.spec.wire import Client, Mirror


@pytest.fixture(scope="session")
def spec(tmp_path_factory) -> Contracts:
    target = tmp_path_factory.mktemp("spec") / "spec.binpb"
    return load_file(compile_protos(target, Path(__file__).parent / "spec.proto"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def spec_mirror() -> AsyncIterator[Mirror]:
    async with Mirror() as mirror:
        yield mirror


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def client(spec, spec_mirror) -> AsyncIterator[Client]:
    async with (
        RunningGateway(spec, {"spec.v1": spec_mirror.target}) as gateway,
        Client(gateway.port) as client,
    ):
        yield client


@pytest.fixture
def mirror(spec_mirror) -> Mirror:
    """The upstream of the gateway, without memories."""
    spec_mirror.seen.clear()
    return spec_mirror
