"""Reads on asyncpg: parameters, and lost connections."""

import asyncio
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, bindparam, func, select, text

from services.kernel.database import database
from services.kernel.database.database import Database
from services.kernel.database.statements import Statement
from services.kernel.errors import UnavailableError
from tests.services.proxies import proxy_to

NUMBERS = Table("numbers", MetaData(), Column("number", Integer), Column("word", Text))
LOW, HIGH = bindparam("low", type_=Integer), bindparam("high", type_=Integer)
SERIES = Statement(
    select(func.generate_series(LOW, HIGH, type_=Integer).label("one"))
    .order_by(text("one"))
    .limit(2)
)


def test_parameters_are_in_the_order_of_the_statement():
    query = select(NUMBERS).where(
        NUMBERS.c.word == bindparam("word"), NUMBERS.c.number < bindparam("most")
    )
    statement = Statement(query.limit(7))
    assert statement.arguments({"most": 5, "word": "x"}) == ["x", 5, 7]
    with pytest.raises(KeyError, match="nope"):
        statement.arguments({"nope": 1})


async def test_reads_rows(database_url):
    reading = Database(database_url)
    try:
        rows = await reading.fetch_rows(SERIES, low=3, high=9)
        assert [row["one"] for row in rows] == [3, 4]
        assert (await reading.fetch_row(SERIES, low=3, high=9))["one"] == 3
        assert await reading.fetch_row(SERIES, low=3, high=2) is None
    finally:
        await reading.close()


async def test_a_lost_connection_is_replaced(database_url):
    port = urlsplit(database_url).port
    async with proxy_to(port) as (proxy, proxy_port):
        reading = Database(database_url.replace(f":{port}/", f":{proxy_port}/"))
        try:
            await reading.fetch_rows(SERIES, low=1, high=1)
            proxy.cut()
            with pytest.raises(UnavailableError):
                await reading.fetch_rows(SERIES, low=1, high=1)
            proxy.accepts = True
            assert len(await reading.fetch_rows(SERIES, low=1, high=1)) == 1
            proxy.cut()
            proxy.accepts = True
            assert len(await reading.fetch_rows(SERIES, low=1, high=1)) == 1
        finally:
            await reading.close()


async def test_a_command_times_out(database_url, monkeypatch):
    monkeypatch.setattr(database, "COMMAND_SECONDS", 0.2)
    reading = Database(database_url)
    try:
        loop = asyncio.get_running_loop()
        started = loop.time()
        with pytest.raises(UnavailableError):
            await reading.fetch_rows(Statement(select(func.pg_sleep(5))))
        assert loop.time() - started < 1
        assert len(await reading.fetch_rows(SERIES, low=1, high=1)) == 1
    finally:
        await reading.close()
