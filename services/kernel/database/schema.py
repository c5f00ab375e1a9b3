"""Whether a room's schema is up to date, and what brings it there.

The check is one query; Alembic runs in a process of its own, and only when
there is something to do.
"""

import asyncio
import os
import sys
from pathlib import Path

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.kernel.database.database import is_away, open_engine

SERVICES = Path(__file__).parents[2]
WAIT_SECONDS = 20.0
RETRY_SECONDS = 0.2
UNDEFINED_STATES = ("3F000", "42P01")

log = structlog.get_logger()


class SchemaError(Exception):
    """The database cannot be used. The message says why, without secrets."""


async def upgrade(room: str, url: str) -> None:
    """Waits for the database and brings the schema up to date.

    Raises:
        SchemaError: The database stays away, refuses the account, or a
            migration failed.
    """
    wanted = newest_revision(room)
    if await wait_for_revision(room, url) == wanted:
        return
    log.info("schema.upgrade", to=wanted)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.kernel.database.migrate",
        room,
        env={**os.environ, "DATABASE_URL": url},
    )
    if await process.wait() != 0:
        raise SchemaError(f"The migration of schema {room} failed.")


def newest_revision(room: str) -> str:
    return max(path.name for path in (SERVICES / room / "migrations").glob("[0-9]*.py"))[:4]


async def wait_for_revision(room: str, url: str) -> str:
    deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
    while True:
        try:
            return await read_revision(room, url)
        except (OSError, TimeoutError, DBAPIError) as error:
            away = not isinstance(error, DBAPIError) or is_away(error)
            if not away or asyncio.get_running_loop().time() > deadline:
                raise SchemaError(f"DATABASE_URL cannot be used: {reason(error)}") from None
        await asyncio.sleep(RETRY_SECONDS)


async def read_revision(room: str, url: str) -> str:
    """Tells the revision of the schema, or '' when there is none."""
    engine = open_engine(url)
    try:
        async with engine.connect() as connection:
            query = text(f'SELECT version_num FROM "{room}".alembic_version')  # noqa: S608 - a room's name
            return await connection.scalar(query) or ""
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", "") in UNDEFINED_STATES:
            return ""
        raise
    finally:
        await engine.dispose()


def reason(error: Exception) -> str:
    """Says in one line why, without the statement and its parameters."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return " ".join(str(cause or error).split()) or type(error).__name__
