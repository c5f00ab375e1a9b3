"""Servicers are served under the policies of their contracts, or the service does not start."""

from types import SimpleNamespace

import grpc
import pytest

from services.kernel.server import Room

SERVICE = "test.v1.Plain"
# Stands for the descriptors of a generated module.
DESCRIPTOR = SimpleNamespace(services_by_name={"Plain": SimpleNamespace(full_name=SERVICE)})


class PlainServicer:
    """A base class as code has it that was generated before methods were added by name."""


def add_PlainServicer_to_server(servicer, server):  # noqa: N802 - the name of generated code
    handlers = {"Get": grpc.unary_unary_rpc_method_handler(lambda request, _: request)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))


async def test_a_service_that_adds_no_methods_is_refused(mesh):
    async def build(_kernel) -> Room:
        return Room(services=[PlainServicer()])

    with pytest.raises(TypeError, match=f"{SERVICE} adds no methods"):
        await mesh.start("users", build)


async def test_a_servicer_without_a_contract_is_refused(mesh):
    async def build(_kernel) -> Room:
        return Room(services=[object()])

    with pytest.raises(TypeError, match="derives from no generated servicer"):
        await mesh.start("users", build)
