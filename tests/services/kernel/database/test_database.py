"""A crashing server sends a FATAL message and closes its connections later."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select, text

from services.kernel.database.database import Database
from services.kernel.database.statements import Statement
from services.kernel.errors import UnavailableError

WORDS = b"SFATAL\0VFATAL\0C57P02\0Mterminating connection because of a crash\0\0"
FATAL = b"E" + (len(WORDS) + 4).to_bytes(4, "big") + WORDS


class CrashingProxy:
    """A proxy of PostgreSQL that can send the message of a crash."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self._writers: set[asyncio.StreamWriter] = set()

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Yield the URL of the database through the proxy."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        host = self._target.netloc.rpartition(":")[0]
        try:
            yield self._target._replace(netloc=f"{host}:{port}").geturl()
        finally:
            server.close()
            for writer in self._writers:
                writer.transport.abort()

    async def crash(self) -> None:
        for writer in self._writers:
            writer.write(FATAL)
        await asyncio.sleep(0.1)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ahead, behind = await asyncio.open_connection(self._target.hostname, self._target.port)
        self._writers.add(writer)
        with contextlib.suppress(OSError):
            await asyncio.gather(carry(reader, behind), carry(ahead, writer))
        self._writers.discard(writer)


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()


@pytest.fixture
async def proxy(database_url):
    return CrashingProxy(database_url)


@pytest.fixture
async def database(proxy):
    async with proxy.serving() as url:
        database = Database(url)
        yield database
        await database.close()


async def ask(connection) -> int:
    return (await connection.execute(text("SELECT 1"))).scalar_one()


async def test_a_crash_ends_an_open_session(database, proxy):
    async def work() -> None:
        async with database.session() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert await driver.fetchval("SELECT 1") == 1
            await proxy.crash()
            await driver.fetchval("SELECT 1")

    with pytest.raises(UnavailableError):
        await work()
    async with database.session() as connection:
        assert await ask(connection) == 1


async def test_the_pool_discards_broken_connections(database, proxy):
    async with database.reading() as connection:
        assert await ask(connection) == 1
    await proxy.crash()
    with contextlib.suppress(UnavailableError):
        async with database.reading() as connection:
            await ask(connection)
    async with database.reading() as connection:
        assert await ask(connection) == 1


async def test_a_read_is_retried_on_another_connection(database, proxy):
    statement = Statement(select(text("1 AS one")))
    assert (await database.fetch_row(statement))["one"] == 1
    await proxy.crash()
    assert (await database.fetch_row(statement))["one"] == 1
