"""Flow control of streams."""

import asyncio

from gateway.upstream.pool import make_upstream
from tests.gateway.upstream.servers import call


async def test_a_slow_reader_stops_the_server(server):
    upstream = make_upstream("t", server.target)
    stream = upstream.open(call("Hang", b"more"))
    assert await stream.read() == b"first"
    await asyncio.sleep(0.5)
    before = server.calls
    await asyncio.sleep(0.3)
    assert server.calls == before
    assert stream._http2_call._queued <= 256 * 1024
    for _ in range(50):
        assert len(await stream.read()) == 16_384
    stream.cancel()
    await upstream.close()
