"""Sessions in PostgreSQL."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.users.domain.sessions import Session
from services.users.storage.tables import SESSIONS


async def insert_session(connection: AsyncConnection, session: Session) -> None:
    await connection.execute(insert(SESSIONS).values(**vars(session)))


async def lock_session(connection: AsyncConnection, refresh_hash: bytes) -> Session | None:
    """Lock and return the session with this hash of a current or spent refresh token."""
    hashes = or_(SESSIONS.c.refresh_hash == refresh_hash, SESSIONS.c.spent_hash == refresh_hash)
    rows = await connection.execute(select(SESSIONS).where(hashes).with_for_update())
    row = rows.mappings().one_or_none()
    return None if row is None else Session(**row)


async def find_session(connection: AsyncConnection, session_id: UUID) -> Session | None:
    rows = await connection.execute(select(SESSIONS).where(SESSIONS.c.id == session_id))
    row = rows.mappings().one_or_none()
    return None if row is None else Session(**row)


async def rotate_session(
    connection: AsyncConnection,
    session: Session,
    refresh_hash: bytes,
    now: datetime,
    expire: datetime,
) -> Session:
    """Replace the refresh token of a session, and keep the hash of the spent one."""
    statement = update(SESSIONS).where(SESSIONS.c.id == session.id)
    statement = statement.values(
        refresh_hash=refresh_hash,
        spent_hash=session.refresh_hash,
        refresh_time=now,
        expire_time=expire,
    )
    return Session(**(await connection.execute(statement.returning(SESSIONS))).mappings().one())


async def delete_sessions(connection: AsyncConnection, **where: UUID) -> None:
    await connection.execute(SESSIONS.delete().filter_by(**where))


async def list_sessions(
    connection: AsyncConnection,
    user_id: UUID | None,
    now: datetime,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Session]:
    order = (SESSIONS.c.create_time.desc(), SESSIONS.c.id.desc())
    query = select(SESSIONS).where(SESSIONS.c.expire_time > now).order_by(*order).limit(limit)
    if user_id is not None:
        query = query.where(SESSIONS.c.user_id == user_id)
    if before is not None:
        query = query.where(tuple_(SESSIONS.c.create_time, SESSIONS.c.id) < before)
    return [Session(**row) for row in (await connection.execute(query)).mappings()]
