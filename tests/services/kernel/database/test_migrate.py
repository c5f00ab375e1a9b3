"""Concurrent processes apply migrations once, and these create the kernel's tables."""

import asyncio

import asyncpg

from services.kernel.database import migrate

TABLES = {"outbox", "positions", "dead_letters", "answers", "alembic_version"}


async def test_processes_at_once_migrate_one_schema(database_url):
    await asyncio.gather(*(migrate.migrate_schema("payments", database_url) for _ in range(3)))
    connection = await asyncpg.connect(database_url)
    query = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'payments'"
    tables = {row["table_name"] for row in await connection.fetch(query)}
    await connection.close()
    assert tables >= TABLES
