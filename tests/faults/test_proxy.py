"""The proxy applies faults on request and is transparent otherwise."""

import asyncio
import contextlib
import time

import pytest

from deploy.local.home import free_port
from tests.faults.proxy import Mood, Proxy


@contextlib.asynccontextmanager
async def proxied():
    """Run an echo server for lines with a proxy in front of it."""

    async def echo(reader, writer):
        while line := await reader.readline():
            writer.write(line)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    proxy = Proxy(free_port(set()), server.sockets[0].getsockname()[1])
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.close()
        server.close()


async def exchange(proxy, line=b"hello\n", connection=None):
    reader, writer = connection or await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(line)
    try:
        async with asyncio.timeout(1):
            return await reader.readline()
    finally:
        if connection is None:
            writer.close()


async def test_it_carries_both_ways():
    async with proxied() as proxy:
        assert await exchange(proxy) == b"hello\n"


async def test_a_cut_ends_open_connections_and_not_new_ones():
    async with proxied() as proxy:
        connection = await asyncio.open_connection("127.0.0.1", proxy.port)
        assert await exchange(proxy, connection=connection) == b"hello\n"
        assert proxy.cut() == 1
        with pytest.raises(ConnectionError):
            await exchange(proxy, connection=connection) or broken()
        assert await exchange(proxy) == b"hello\n"


async def test_refused_connections_end_at_once():
    async with proxied() as proxy:
        proxy.mood = Mood.REFUSE
        with pytest.raises(ConnectionError):
            await exchange(proxy) or broken()
        proxy.clear()
        assert await exchange(proxy) == b"hello\n"


async def test_delayed_bytes_come_late():
    async with proxied() as proxy:
        proxy.mood, proxy.delay_seconds = Mood.DELAY, 0.1
        started = time.monotonic()
        assert await exchange(proxy) == b"hello\n"
        assert time.monotonic() - started >= 0.2


async def test_swallowed_answers_do_not_come():
    async with proxied() as proxy:
        proxy.mood = Mood.SWALLOW
        with pytest.raises(TimeoutError):
            await exchange(proxy)


def broken():
    """Raise an error for an end of stream, which is equivalent to a reset."""
    raise ConnectionResetError
