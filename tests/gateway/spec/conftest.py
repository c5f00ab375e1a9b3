"""A gateway for contracts of any shape, whose upstream responds with the bytes of the request."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.contracts.descriptors import Contracts, load_file
from tests.gateway.conftest import RunningGateway, compile_protos
from tests.gateway.spec.mirror import Mirror, RawClient


@pytest.fixture(scope="session")
def spec(tmp_path_factory) -> Contracts:
    target = tmp_path_factory.mktemp("spec") / "spec.binpb"
    return load_file(compile_protos(target, Path(__file__).parent / "spec.proto"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def spec_mirror() -> AsyncIterator[Mirror]:
    async with Mirror() as mirror:
        yield mirror


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def client(spec, spec_mirror) -> AsyncIterator[RawClient]:
    async with (
        RunningGateway(spec, {"spec.v1": spec_mirror.target}) as gateway,
        RawClient(gateway.port) as client,
    ):
        yield client


@pytest.fixture
def mirror(spec_mirror) -> Mirror:
    """The upstream of the gateway, with its records cleared."""
    spec_mirror.seen.clear()
    return spec_mirror
