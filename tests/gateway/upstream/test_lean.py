"""Round robin and retries over several addresses."""

import asyncio

from gateway.http.errors import StatusError
from gateway.upstream.pool import make_upstream
from tests.gateway.upstream.servers import Server, call


async def test_one_address_of_two_dies():
    servers = [Server("grpcio"), Server("grpcio")]
    for each in servers:
        await each.start()
    upstream = make_upstream("t", ",".join(each.target for each in servers))
    failed = []

    async def work() -> None:
        for _ in range(250):
            try:
                await upstream.unary(call("Echo", b"a", safe=True))
            except StatusError as error:
                failed.append((error.code, error.status.message))

    tasks = [asyncio.create_task(work()) for _ in range(8)]
    await asyncio.sleep(0.2)
    assert all(each.calls for each in servers)
    await servers[0].stop()
    await asyncio.gather(*tasks)
    assert failed == []
    assert servers[1].calls > servers[0].calls
    await upstream.close()
    await servers[1].stop()
