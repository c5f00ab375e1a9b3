"""Connections to a service's PostgreSQL database: transactions, reads and a health check."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import asyncpg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from services.kernel.calls import AuditRecord
from services.kernel.database.connections import (
    COMMAND_SECONDS,
    CONNECT_SECONDS,
    AbortingConnection,
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

# SQLSTATE classes of a server that is unreachable, out of resources, or a standby.
UNAVAILABLE_STATES = ("08", "53", "57", "25006")
# asyncpg raises these on a connection whose server has announced that it is shutting down.
BROKEN = (asyncpg.InterfaceError, asyncpg.InternalClientError)
LOST = (*BROKEN, asyncpg.PostgresConnectionError, OSError)
# PostgreSQL cannot store NUL characters in text and JSON.
NUL_STATES = frozenset({"22021", "22P05"})


BeforeCommit = Callable[[AsyncConnection], Awaitable[AuditRecord | None]]


async def no_audit(_: AsyncConnection) -> AuditRecord | None:
    """Return None: the default callback of `before_commit`."""
    return None


class Database:
    """The connection pools of one service.

    Every method raises UnavailableError if the database does not respond: within 2 seconds for a
    connection and 5 seconds for a command.
    """

    def __init__(self, url: str) -> None:
        self.engine = open_engine(url)
        self._read_pool = ReadPool(url)
        self._before_commit: BeforeCommit = no_audit
        self._after_commit: list[Callable[[], None]] = []

    def before_commit(self, callback: BeforeCommit) -> None:
        """Await `callback` at the end of each transaction. It replaces an earlier callback.

        The record that it returns is marked as written after the commit.
        """
        self._before_commit = callback

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call `callback` after each commit."""
        self._after_commit.append(callback)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[AsyncConnection, None]:
        """Yield a connection in a transaction, which commits unless the body raises.

        Raises:
            UnavailableError: The database does not respond.
            InvalidArgumentError: A text has a NUL character.
        """
        with translate_errors():
            async with self.engine.begin() as connection:
                try:
                    yield connection
                    audit = await self._before_commit(connection)
                except asyncio.CancelledError:
                    # A rollback would wait for the server.
                    await connection.invalidate()
                    raise
        if audit is not None:
            audit.written = True
        for callback in self._after_commit:
            callback()

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncConnection, None]:
        """Yield a connection on which each statement is its own transaction.

        Raises:
            UnavailableError: The database does not respond.
            InvalidArgumentError: A text has a NUL character.
        """
        with translate_errors():
            async with self.engine.connect() as connection:
                yield await connection.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[AsyncConnection, None]:
        """Yield a connection for a task that runs many transactions. An error closes it.

        Raises:
            UnavailableError: The database does not respond.
        """
        with translate_errors():
            async with self.engine.connect() as connection:
                try:
                    yield connection
                except BaseException:
                    await connection.invalidate()
                    raise

    async def fetch_rows(self, statement: Statement, **values: Any) -> list[asyncpg.Record]:
        """Return the rows of a query, which runs in its own transaction.

        `values` are the values of the statement's parameters.

        Raises:
            UnavailableError: The database does not respond.
        """
        with translate_errors():
            return await self._read_pool.fetch_rows(statement, values)

    async def fetch_row(self, statement: Statement, **values: Any) -> asyncpg.Record | None:
        """Return the first row of a query, or None. Errors are those of `fetch_rows`."""
        rows = await self.fetch_rows(statement, **values)
        return rows[0] if rows else None

    async def is_available(self) -> bool:
        """True if the database responds within 2 seconds."""
        try:
            async with asyncio.timeout(PING_SECONDS), self.reading() as connection:
                await connection.execute(text("SELECT 1"))
        except (UnavailableError, TimeoutError):
            return False
        return True

    async def close(self) -> None:
        """Close all connections without waiting for the server."""
        await self._read_pool.close()
        await self.engine.dispose()


class ReadPool:
    """A pool of at most 5 connections for queries on hot paths.

    It avoids SQLAlchemy's work per statement, and that of asyncpg's pool, which starts a task and
    resets the session each time a connection is released.
    """

    def __init__(self, url: str) -> None:
        self._address, self._arguments = split_url(url, "postgresql")
        self._idle: list[tuple[Any, float]] = []
        self._lent: set[Any] = set()
        self._free = asyncio.Semaphore(POOL_SIZE)

    async def fetch_rows(
        self, statement: Statement, values: dict[str, Any]
    ) -> list[asyncpg.Record]:
        """Return the rows of a query. Retry it once on a new connection if the first is lost.

        Raises:
            TimeoutError: No connection is free after 2 seconds, or the command takes more than 5.
            OSError, asyncpg.PostgresError: The server is unreachable or refuses the query.
        """
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
        """Abort all connections, also those in use."""
        for connection in (*self._lent, *(each for each, _ in self._idle)):
            connection.terminate()

    def _take(self) -> Any:
        """Return a connection that was used in the last 60 seconds, or None."""
        while self._idle:
            connection, used = self._idle.pop()
            if not connection.is_closed():
                if asyncio.get_running_loop().time() - used < IDLE_SECONDS:
                    return connection
                connection.terminate()
        return None

    async def _fetch(self, connection: Any, sql: str, arguments: list[Any]) -> list[asyncpg.Record]:
        """Run a query on a connection, or on a new one. Abort it after 5 seconds."""
        loop = asyncio.get_running_loop()
        if connection is None:
            ssl = self._arguments.get("ssl")
            async with asyncio.timeout(CONNECT_SECONDS):
                connection = await asyncpg.connect(
                    self._address, ssl=ssl, connection_class=AbortingConnection
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
    """Return the engine of a `postgresql://` URL, which may have libpq's TLS parameters."""
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
def translate_errors() -> Generator[None, None, None]:
    """Translate database errors raised by the body. IntegrityError and others pass unchanged.

    Raises:
        UnavailableError: The database does not respond.
        InvalidArgumentError: A text has a NUL character.
    """
    try:
        yield
    except IntegrityError:
        raise
    except (OSError, TimeoutError, PoolTimeoutError, *BROKEN) as error:
        raise database_unavailable() from error
    except asyncpg.PostgresError as error:
        if (getattr(error, "sqlstate", None) or "").startswith(UNAVAILABLE_STATES):
            raise database_unavailable() from error
        raise
    except DBAPIError as error:
        if sqlstate_of(error) in NUL_STATES:
            raise invalid("request", "Text must not have NUL characters.") from error
        if is_unavailable(error):
            raise database_unavailable() from error
        raise


def is_unavailable(error: DBAPIError) -> bool:
    """True if the error means that the database is unavailable: the statement may be retried."""
    state = sqlstate_of(error)
    return error.connection_invalidated or not state or state.startswith(UNAVAILABLE_STATES)


def sqlstate_of(error: DBAPIError) -> str:
    """Return the SQLSTATE of an error, or the empty string if it has none."""
    return getattr(error.orig, "sqlstate", None) or ""


def database_unavailable() -> UnavailableError:
    """Return the error of a database that does not respond."""
    return UnavailableError(
        "DATABASE_UNAVAILABLE",
        "The database does not respond.",
        localized="データベースに接続できません。",
    )
