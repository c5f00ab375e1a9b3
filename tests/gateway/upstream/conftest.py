import pytest_asyncio

from gateway.upstream.pool import GRPCIO, LEAN, make_upstream
from tests.gateway.upstream.servers import Server


@pytest_asyncio.fixture(params=["grpcio", "native"])
async def server(request):
    found = Server(request.param)
    await found.start()
    yield found
    await found.stop()


@pytest_asyncio.fixture(params=[LEAN, GRPCIO])
async def upstream(request, server):
    found = make_upstream("t", server.target, request.param)
    yield found
    await found.close()
