"""The schema upgrade when a service starts.

The check is one query. Alembic runs in a separate process, and only if migrations are pending.
"""

import asyncio
import os
import sys
from pathlib import Path

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.kernel.database.database import is_unavailable, open_engine

SERVICES = Path(__file__).parents[2]
WAIT_SECONDS = 20.0
RETRY_SECONDS = 0.2
UNDEFINED_STATES = ("3F000", "42P01")

log = structlog.get_logger()


class SchemaError(Exception):
    """The database cannot be used. The message is one line with the reason, without secrets."""


async def upgrade_schema(service: str, url: str) -> None:
    """Wait for the database, at most 20 seconds, and apply the pending migrations of a service.

    Raises:
        SchemaError: The database is unreachable or refuses the account, or a migration failed.
    """
    wanted = newest_revision(service)
    if await wait_for_revision(service, url) == wanted:
        return
    log.info("schema.upgrade", to=wanted)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.kernel.database.migrate",
        service,
        env={**os.environ, "DATABASE_URL": url},
    )
    if await process.wait() != 0:
        raise SchemaError(f"The migration of schema {service} failed.")


def newest_revision(service: str) -> str:
    """Return the revision id of a service's last migration, such as `0002`."""
    return max(path.name for path in (SERVICES / service / "migrations").glob("[0-9]*.py"))[:4]


async def wait_for_revision(service: str, url: str) -> str:
    """Return `read_revision`, retried for 20 seconds while the database is unavailable.

    Raises:
        SchemaError: The database stays unavailable, or refuses the account or the query.
    """
    deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
    while True:
        try:
            return await read_revision(service, url)
        except (OSError, TimeoutError, DBAPIError) as error:
            retryable = not isinstance(error, DBAPIError) or is_unavailable(error)
            if not retryable or asyncio.get_running_loop().time() > deadline:
                raise SchemaError(f"DATABASE_URL cannot be used: {error_line(error)}") from None
        await asyncio.sleep(RETRY_SECONDS)


async def read_revision(service: str, url: str) -> str:
    """Return the revision id of the schema, or the empty string if there is no schema."""
    engine = open_engine(url)
    try:
        async with engine.connect() as connection:
            query = text(f'SELECT version_num FROM "{service}".alembic_version')  # noqa: S608 - a service's name
            return await connection.scalar(query) or ""
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", "") in UNDEFINED_STATES:
            return ""
        raise
    finally:
        await engine.dispose()


def error_line(error: Exception) -> str:
    """Return the message of an error in one line, without the SQL statement and its parameters."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return " ".join(str(cause or error).split()) or type(error).__name__
