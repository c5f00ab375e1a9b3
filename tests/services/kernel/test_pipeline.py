"""What a room plugs in is served under its policy, or the room does not start."""

import grpc
import pytest

from services.kernel.server import Room

SERVICE = "test.v1.Plain"


async def build_plain(_kernel) -> Room:
    """Registers a service as code does that was generated before methods were added by name."""
    handlers = {"Get": grpc.unary_unary_rpc_method_handler(lambda request, _: request)}
    generic = grpc.method_handlers_generic_handler(SERVICE, handlers)
    return Room({SERVICE: lambda server: server.add_generic_rpc_handlers((generic,))})


async def test_a_service_that_adds_no_methods_is_refused(mesh):
    with pytest.raises(TypeError, match=f"{SERVICE} adds no methods"):
        await mesh.start("users", build_plain)
