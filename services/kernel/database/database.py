"""The room's schema in PostgreSQL: transactions, reads and whether it answers."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import asyncpg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from services.kernel.calls import Audit
from services.kernel.database.connections import (
    COMMAND_SECONDS,
    CONNECT_SECONDS,
    Connection,
    split_url,
)
from services.kernel.database.statements import Statement
from services.kernel.errors import UnavailableError, invalid

PING_SECONDS = 2.0
POOL_SIZE = 5
POOL_OVERFLOW = 5
POOL_WAIT_SECONDS = 2.0
RECYCLE_SECONDS = 120
IDLE_SECONDS = 60.0

# Classes of SQLSTATE that mean the server is away, full, or became a standby.
AWAY_STATES = ("08", "53", "57", "25006")
# A server that dies says so, and asyncpg takes no command on a connection that heard it.
TORN = (asyncpg.InterfaceError, asyncpg.InternalClientError)
LOST = (*TORN, asyncpg.PostgresConnectionError, OSError)
# The character NUL in text, and in text of JSON, has no place in PostgreSQL.
NUL_STATES = frozenset({"22021", "22P05"})


BeforeCommit = Callable[[AsyncConnection], Awaitable[Audit | None]]


async def nothing_due(_: AsyncConnection) -> Audit | None:
    return None


class Database:
    """The connections of one room."""

    def __init__(self, url: str) -> None:
        self.engine = open_engine(url)
        self._reads = Reads(url)
        self._before_commit: BeforeCommit = nothing_due
        self._after_commit: list[Callable[[], None]] = []

    def before_commit(self, callback: BeforeCommit) -> None:
        """Calls `callback` in each transaction, as the last of what it does."""
        self._before_commit = callback

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Calls `callback` after each transaction that committed."""
        self._after_commit.append(callback)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[AsyncConnection, None]:
        """Opens a transaction that commits unless the body raises.

        Raises:
            UnavailableError: The database is away.
            InvalidArgumentError: Some text has the character NUL.
        """
        with known_errors():
            async with self.engine.begin() as connection:
                try:
                    yield connection
                    audit = await self._before_commit(connection)
                except asyncio.CancelledError:
                    # To roll back takes an answer, which a server that is stopped does not give.
                    await connection.invalidate()
                    raise
        if audit is not None:
            audit.written = True
        for callback in self._after_commit:
            callback()

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncConnection, None]:
        """Opens a connection on which each statement is its own transaction.

        Raises:
            UnavailableError: The database is away.
            InvalidArgumentError: Some text has the character NUL.
        """
        with known_errors():
            async with self.engine.connect() as connection:
                yield await connection.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[AsyncConnection, None]:
        """Opens a connection to keep, for a task that makes one transaction after another.

        Raises:
            UnavailableError: The database is away.
        """
        with known_errors():
            async with self.engine.connect() as connection:
                try:
                    yield connection
                except BaseException:
                    await connection.invalidate()
                    raise

    async def rows(self, statement: Statement, **values: Any) -> list[asyncpg.Record]:
        """Reads rows, in a transaction of their own.

        Raises:
            UnavailableError: The database is away.
        """
        with known_errors():
            return await self._reads.rows(statement, values)

    async def row(self, statement: Statement, **values: Any) -> asyncpg.Record | None:
        """Reads the one row, if there is one."""
        rows = await self.rows(statement, **values)
        return rows[0] if rows else None

    async def answers(self) -> bool:
        """Tells whether the database answers in time."""
        try:
            async with asyncio.timeout(PING_SECONDS), self.reading() as connection:
                await connection.execute(text("SELECT 1"))
        except (UnavailableError, TimeoutError):
            return False
        return True

    async def close(self) -> None:
        await self._reads.close()
        await self.engine.dispose()


class Reads:
    """At most 5 connections that only read, without what SQLAlchemy does around a statement.

    asyncpg's own pool makes a task for each connection that comes back, and resets it.
    """

    def __init__(self, url: str) -> None:
        self._address, self._arguments = split_url(url, "postgresql")
        self._idle: list[tuple[Any, float]] = []
        self._lent: set[Any] = set()
        self._free = asyncio.Semaphore(POOL_SIZE)

    async def rows(self, statement: Statement, values: dict[str, Any]) -> list[asyncpg.Record]:
        """Reads, and once more when a connection turns out to be lost."""
        arguments = statement.arguments(values)
        if self._free.locked():
            async with asyncio.timeout(POOL_WAIT_SECONDS):
                await self._free.acquire()
        else:
            await self._free.acquire()
        try:
            for connection in (self._take(), None):
                try:
                    return await self._fetch(connection, statement.sql, arguments)
                except TimeoutError:
                    raise
                except LOST:
                    if connection is None:
                        raise
        finally:
            self._free.release()
        raise AssertionError

    async def close(self) -> None:
        for connection in (*self._lent, *(each for each, _ in self._idle)):
            connection.terminate()

    def _take(self) -> Any:
        """Takes a connection that was used lately, if there is one."""
        while self._idle:
            connection, used = self._idle.pop()
            if not connection.is_closed():
                if asyncio.get_running_loop().time() - used < IDLE_SECONDS:
                    return connection
                connection.terminate()
        return None

    async def _fetch(self, connection: Any, sql: str, arguments: list[Any]) -> list[asyncpg.Record]:
        """Reads on a connection, or on a new one. One that does not answer in time is ended."""
        loop = asyncio.get_running_loop()
        if connection is None:
            ssl = self._arguments.get("ssl")
            async with asyncio.timeout(CONNECT_SECONDS):
                connection = await asyncpg.connect(
                    self._address, ssl=ssl, connection_class=Connection
                )
        late = loop.call_later(COMMAND_SECONDS, connection.terminate)
        self._lent.add(connection)
        try:
            rows: list[asyncpg.Record] = await connection.fetch(sql, *arguments)
        except LOST:
            connection.terminate()
            if loop.time() >= late.when():
                raise TimeoutError from None
            raise
        finally:
            late.cancel()
            self._lent.discard(connection)
            if not connection.is_closed():
                self._idle.append((connection, loop.time()))
        return rows


def open_engine(url: str) -> AsyncEngine:
    """Makes the engine of a `postgresql://` URL, TLS parameters of libpq included."""
    address, arguments = split_url(url, "postgresql+asyncpg")
    return create_async_engine(
        address,
        connect_args=arguments,
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        pool_timeout=POOL_WAIT_SECONDS,
        pool_recycle=RECYCLE_SECONDS,
        pool_pre_ping=True,
    )


@contextmanager
def known_errors() -> Generator[None, None, None]:
    try:
        yield
    except IntegrityError:
        raise
    except (OSError, TimeoutError, PoolTimeoutError, *TORN) as error:
        raise unavailable() from error
    except asyncpg.PostgresError as error:
        if (getattr(error, "sqlstate", None) or "").startswith(AWAY_STATES):
            raise unavailable() from error
        raise
    except DBAPIError as error:
        if state_of(error) in NUL_STATES:
            raise invalid("request", "Text must not have the character NUL.") from error
        if is_away(error):
            raise unavailable() from error
        raise


def is_away(error: DBAPIError) -> bool:
    state = state_of(error)
    return error.connection_invalidated or not state or state.startswith(AWAY_STATES)


def state_of(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""


def unavailable() -> UnavailableError:
    return UnavailableError(
        "DATABASE_UNAVAILABLE",
        "The database does not answer.",
        localized="データベースに接続できません。",
    )
