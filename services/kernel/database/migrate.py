"""The migration of a service's schema: `python -m services.kernel.database.migrate SERVICE`.

Migrations are files in the service's folder `migrations/`, named `NNNN_words.py`, with the revision
id `NNNN`. They run in a separate process, since a service does not import Alembic. The first one
calls `create_kernel_tables`. DATABASE_URL names the database.
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
LOCK = "SELECT pg_advisory_lock(hashtext('libral.migrations.' || :service))"


def create_kernel_tables(service: str) -> None:
    """Create the kernel's tables in the schema of a service. Call it within a migration."""
    metadata = MetaData(schema=service)
    KernelTables.of(metadata)
    metadata.create_all(op.get_bind(), checkfirst=False)


def apply_migrations(connection: Connection, service: str) -> None:
    """Create the schema of a service if needed and apply pending migrations in one transaction.

    An advisory lock makes concurrent processes wait for each other.
    """
    connection.execute(text(LOCK), {"service": service})
    connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{service}"'))
    connection.commit()
    config = Config()
    config.set_main_option("script_location", str(SERVICES / "kernel"))
    config.set_main_option("version_locations", str(SERVICES / service / "migrations"))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)

    def upgrade(revision: object, _: object) -> list[object]:
        return list(script._upgrade_revs("head", revision))  # type: ignore[arg-type]  # noqa: SLF001 - what alembic's own `upgrade` calls

    with EnvironmentContext(config, script, fn=upgrade) as environment:
        environment.configure(connection=connection, version_table_schema=service)
        with environment.begin_transaction():
            connection.execute(text(f'SET LOCAL search_path TO "{service}"'))
            environment.run_migrations()
    connection.commit()


async def migrate_schema(service: str, url: str) -> None:
    """Apply the pending migrations of a service to the database at `url`."""
    engine = open_engine(url)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(apply_migrations, service)
    finally:
        await engine.dispose()


if __name__ == "__main__":
    asyncio.run(migrate_schema(sys.argv[1], os.environ["DATABASE_URL"]))
