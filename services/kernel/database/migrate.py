"""Brings a room's schema up to date: `python -m services.kernel.database.migrate ROOM`.

A room keeps its migrations in its folder `migrations/`, one file each, named
`NNNN_words.py`, with the revision id `NNNN`. Alembic runs them in a process of
its own, so that a room does not carry it. The room's first migration calls
`create_kernel_tables`.
"""

import asyncio
import os
import sys
from pathlib import Path

from alembic import op
from alembic.config import Config
from alembic.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text

from services.kernel.database.database import open_engine
from services.kernel.database.tables import KernelTables

SERVICES = Path(__file__).parents[2]
LOCK = "SELECT pg_advisory_lock(hashtext('libral.migrations.' || :room))"


def create_kernel_tables(room: str) -> None:
    """Creates the tables of the kernel in the schema of a room."""
    metadata = MetaData(schema=room)
    KernelTables.of(metadata)
    metadata.create_all(op.get_bind(), checkfirst=False)


def migrate(connection: Connection, room: str) -> None:
    """Runs what is missing, in one transaction."""
    connection.execute(text(LOCK), {"room": room})
    connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{room}"'))
    connection.commit()
    config = Config()
    config.set_main_option("script_location", str(SERVICES / "kernel"))
    config.set_main_option("version_locations", str(SERVICES / room / "migrations"))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)

    def upgrade(revision: object, _: object) -> list[object]:
        return list(script._upgrade_revs("head", revision))  # type: ignore[arg-type]  # noqa: SLF001 - what alembic's own `upgrade` calls

    with EnvironmentContext(config, script, fn=upgrade) as environment:
        environment.configure(connection=connection, version_table_schema=room)
        with environment.begin_transaction():
            connection.execute(text(f'SET LOCAL search_path TO "{room}"'))
            environment.run_migrations()
    connection.commit()


async def run(room: str, url: str) -> None:
    engine = open_engine(url)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(migrate, room)
    finally:
        await engine.dispose()


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], os.environ["DATABASE_URL"]))
