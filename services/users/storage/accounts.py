"""Accounts in PostgreSQL."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Label,
    bindparam,
    func,
    insert,
    literal_column,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kernel.database.database import Database
from services.kernel.database.statements import Statement
from services.users.domain.accounts import (
    ACTIVE,
    ADMIN,
    User,
    UserCounts,
    UserFilter,
    user_exists,
)
from services.users.storage.tables import USERS


async def lock_admins(connection: AsyncConnection) -> None:
    """Lock the set of admins until the transaction ends."""
    await connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('users.admins'))"))


async def count_admins(connection: AsyncConnection) -> int:
    query = select(func.count()).select_from(USERS)
    query = query.where(
        USERS.c.roles.contains([ADMIN]), USERS.c.state == ACTIVE, USERS.c.delete_time.is_(None)
    )
    return await connection.scalar(query) or 0


async def insert_user(connection: AsyncConnection, user: User) -> None:
    """Insert an account.

    Raises:
        AlreadyExistsError: Another account has its login or Telegram id.
    """
    try:
        await connection.execute(insert(USERS).values(**vars(user)))
    except IntegrityError:
        raise user_exists() from None


FIND_USER = Statement(select(USERS).where(USERS.c.id == bindparam("user_id")))


async def read_user(database: Database, user_id: UUID) -> User | None:
    row = await database.fetch_row(FIND_USER, user_id=user_id)
    return None if row is None else User(**row)


async def find_user(
    connection: AsyncConnection, user_id: UUID, *, lock: bool = False
) -> User | None:
    query = select(USERS).where(USERS.c.id == user_id)
    rows = await connection.execute(query.with_for_update() if lock else query)
    row = rows.mappings().one_or_none()
    return None if row is None else User(**row)


async def find_login(connection: AsyncConnection, login: str) -> User | None:
    query = select(USERS).where(USERS.c.login == login, USERS.c.delete_time.is_(None))
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else User(**row)


async def find_telegram_user(connection: AsyncConnection, telegram_id: int) -> UUID | None:
    found: UUID | None = await connection.scalar(
        select(USERS.c.id).where(USERS.c.telegram_id == telegram_id)
    )
    return found


async def update_user(
    connection: AsyncConnection, user: User, now: datetime, **values: Any
) -> User:
    statement = update(USERS).where(USERS.c.id == user.id)
    statement = statement.values(**values, update_time=now, version=user.version + 1)
    return User(**(await connection.execute(statement.returning(USERS))).mappings().one())


async def touch_user(connection: AsyncConnection, user_id: UUID, now: datetime) -> None:
    seen = func.greatest(USERS.c.last_seen_time, now)
    statement = update(USERS).where(USERS.c.id == user_id).values(last_seen_time=seen)
    await connection.execute(statement)


async def upsert_telegram_user(connection: AsyncConnection, user: User) -> tuple[User, bool]:
    """Insert or update a Telegram user. Return it, and True if it was inserted."""
    statement = upsert(USERS).values(**vars(user))
    statement = statement.on_conflict_do_update(
        index_elements=["telegram_id"],
        set_={
            "display_name": func.coalesce(
                func.nullif(statement.excluded.display_name, ""), USERS.c.display_name
            ),
            "telegram_username": statement.excluded.telegram_username,
            "language_code": func.coalesce(
                func.nullif(statement.excluded.language_code, ""), USERS.c.language_code
            ),
            "last_seen_time": func.greatest(
                USERS.c.last_seen_time, statement.excluded.last_seen_time
            ),
        },
    )
    inserted: Label[bool] = literal_column("xmax = 0").label("inserted")
    row = dict((await connection.execute(statement.returning(USERS, inserted))).mappings().one())
    created = bool(row.pop("inserted"))
    return User(**row), created


async def list_users(
    connection: AsyncConnection,
    wanted: UserFilter,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[User]:
    query = select(USERS).order_by(USERS.c.create_time.desc(), USERS.c.id.desc()).limit(limit)
    if wanted.deleted:
        query = query.where(USERS.c.delete_time.is_not(None))
    elif not wanted.show_deleted:
        query = query.where(USERS.c.delete_time.is_(None))
    if wanted.state:
        query = query.where(USERS.c.state == wanted.state)
    if wanted.role:
        query = query.where(USERS.c.roles.contains([wanted.role]))
    if wanted.query:
        columns = (USERS.c.display_name, USERS.c.login, USERS.c.telegram_username)
        query = query.where(or_(*(one.icontains(wanted.query, autoescape=True) for one in columns)))
    if before is not None:
        query = query.where(tuple_(USERS.c.create_time, USERS.c.id) < before)
    return [User(**row) for row in (await connection.execute(query)).mappings()]


async def count_users(connection: AsyncConnection, now: datetime, today: datetime) -> UserCounts:
    def since(column: Any, time: datetime) -> Any:
        return func.count().filter(column >= time)

    query = select(
        func.count().label("total"),
        since(USERS.c.last_seen_time, now - timedelta(minutes=5)).label("active_5m"),
        since(USERS.c.last_seen_time, now - timedelta(hours=24)).label("active_24h"),
        since(USERS.c.create_time, today).label("new_today"),
    ).where(USERS.c.delete_time.is_(None))
    return UserCounts(**(await connection.execute(query)).mappings().one())
