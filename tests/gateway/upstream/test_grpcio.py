"""Features of the grpc.aio transport only: addresses in turn, ended streams."""

import pytest

from gateway.http.errors import StatusError
from gateway.upstream.grpcio import GrpcioUpstream
from tests.gateway.upstream.servers import Server, call


async def test_addresses_are_called_in_turn():
    servers = [Server("grpcio"), Server("grpcio")]
    for each in servers:
        await each.start()
    upstream = GrpcioUpstream("t", [each.target for each in servers])
    for _ in range(6):
        await upstream.unary(call("Echo", b"a"))
    assert [each.calls for each in servers] == [3, 3]
    await upstream.close()
    for each in servers:
        await each.stop()


async def test_a_call_that_has_ended_takes_no_message():
    server = Server("grpcio")
    await server.start()
    upstream = GrpcioUpstream("t", [server.target])
    stream = upstream.open(call("Nope", None))
    with pytest.raises(StatusError) as caught:
        await stream.read()
    assert caught.value.code == 12
    with pytest.raises(StatusError) as caught:
        await stream.send(b"a")
    assert caught.value.code == 12
    await stream.half_close()
    stream.cancel()
    await upstream.close()
    await server.stop()
