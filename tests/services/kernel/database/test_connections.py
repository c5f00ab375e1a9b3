"""Database URLs with parameters of libpq, and connections that close at once."""

import asyncio
import time

import asyncpg
import pytest

from services.kernel.database.connections import AbortingConnection, split_url
from tests.services.helpers import eventually


@pytest.mark.parametrize(
    ("query", "ssl", "rest"),
    [
        ("", None, ""),
        ("?sslmode=require&channel_binding=require", "require", ""),
        ("?sslmode=disable&application_name=x", "disable", "?application_name=x"),
    ],
)
def test_tls_parameters_of_libpq_become_arguments(query, ssl, rest):
    url, arguments = split_url(f"postgres://user:p%40ss@host:5432/name{query}", "postgresql")
    assert url == f"postgresql://user:p%40ss@host:5432/name{rest}"
    assert arguments.get("ssl") == ssl
    assert arguments["connection_class"] is AbortingConnection


async def test_a_cancelled_command_ends_its_connection_and_its_work_on_the_server(database_url):
    connection = await asyncpg.connect(database_url, connection_class=AbortingConnection)
    pid = await connection.fetchval("SELECT pg_backend_pid()")
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await connection.fetchval("SELECT pg_sleep(30)")
    assert time.monotonic() - started < 1
    other = await asyncpg.connect(database_url)
    query = "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $1"
    try:
        await eventually(lambda: other.fetchval(query, pid), 5)
    finally:
        await other.close()
    assert connection.is_closed()
