"""API keys in PostgreSQL."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.users.domain.api_keys import ApiKey
from services.users.storage.tables import API_KEYS


async def insert_api_key(connection: AsyncConnection, key: ApiKey) -> None:
    await connection.execute(insert(API_KEYS).values(**vars(key)))


async def use_api_key(
    connection: AsyncConnection, secret_hash: bytes, now: datetime
) -> ApiKey | None:
    """Return a key that is not expired, and record its use."""
    live = or_(API_KEYS.c.expire_time.is_(None), API_KEYS.c.expire_time > now)
    statement = update(API_KEYS).where(API_KEYS.c.secret_hash == secret_hash, live)
    rows = await connection.execute(statement.values(last_use_time=now).returning(API_KEYS))
    row = rows.mappings().one_or_none()
    return None if row is None else ApiKey(**row)


async def delete_api_key(connection: AsyncConnection, key_id: UUID) -> bool:
    done = await connection.execute(API_KEYS.delete().where(API_KEYS.c.id == key_id))
    return done.rowcount > 0


async def list_api_keys(
    connection: AsyncConnection, before: tuple[datetime, UUID] | None, limit: int
) -> list[ApiKey]:
    order = (API_KEYS.c.create_time.desc(), API_KEYS.c.id.desc())
    query = select(API_KEYS).order_by(*order).limit(limit)
    if before is not None:
        query = query.where(tuple_(API_KEYS.c.create_time, API_KEYS.c.id) < before)
    return [ApiKey(**row) for row in (await connection.execute(query)).mappings()]
