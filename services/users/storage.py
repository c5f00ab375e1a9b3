"""Accounts, sessions and API keys in PostgreSQL: SQL in, domain out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Label,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
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
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kernel.database.database import Database
from services.kernel.database.statements import Statement
from services.users.domain import ACTIVE, ADMIN, Purchase, User

METADATA = MetaData(schema="users")
TIME = DateTime(timezone=True)

USERS = Table(
    "users",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("login", Text),
    Column("password_hash", Text),
    Column("display_name", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("state", Text, nullable=False),
    Column("telegram_id", BigInteger),
    Column("telegram_username", Text, nullable=False),
    Column("language_code", Text, nullable=False),
    Column("create_time", TIME, nullable=False),
    Column("update_time", TIME, nullable=False),
    Column("delete_time", TIME),
    Column("last_seen_time", TIME),
    Column("version", BigInteger, nullable=False),
)

SESSIONS = Table(
    "sessions",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, nullable=False),
    Column("refresh_hash", LargeBinary, nullable=False),
    Column("spent_hash", LargeBinary),
    Column("create_time", TIME, nullable=False),
    Column("refresh_time", TIME, nullable=False),
    Column("expire_time", TIME, nullable=False),
)

API_KEYS = Table(
    "api_keys",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("display_name", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("create_time", TIME, nullable=False),
    Column("expire_time", TIME),
    Column("last_use_time", TIME),
)

PURCHASES = Table(
    "purchases",
    METADATA,
    Column("user_id", Uuid, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("payment_count", BigInteger, nullable=False),
    Column("refund_count", BigInteger, nullable=False),
    Column("paid_amount", BigInteger, nullable=False),
    Column("refunded_amount", BigInteger, nullable=False),
)


@dataclass(frozen=True)
class Session:
    """A signed-in client."""

    id: UUID
    user_id: UUID
    refresh_hash: bytes
    spent_hash: bytes | None
    create_time: datetime
    refresh_time: datetime
    expire_time: datetime


@dataclass(frozen=True)
class ApiKey:
    """A key for a program."""

    id: UUID
    display_name: str
    scopes: Sequence[str]
    secret_hash: bytes
    create_time: datetime
    expire_time: datetime | None
    last_use_time: datetime | None


@dataclass(frozen=True)
class Counts:
    """Counts of users that are not deleted."""

    total: int
    active_5m: int
    active_24h: int
    new_today: int


@dataclass(frozen=True)
class Filter:
    """Which users to list."""

    query: str = ""
    role: str = ""
    state: str = ""
    deleted: bool = False
    show_deleted: bool = False


async def lock_admins(connection: AsyncConnection) -> None:
    """Keeps others from changing who is admin until the transaction ends."""
    await connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('users.admins'))"))


async def count_admins(connection: AsyncConnection) -> int:
    query = select(func.count()).select_from(USERS)
    query = query.where(
        USERS.c.roles.contains([ADMIN]), USERS.c.state == ACTIVE, USERS.c.delete_time.is_(None)
    )
    return await connection.scalar(query) or 0


async def insert_user(connection: AsyncConnection, user: User) -> None:
    await connection.execute(insert(USERS).values(**vars(user)))


FIND_USER = Statement(select(USERS).where(USERS.c.id == bindparam("user_id")))


async def read_user(database: Database, user_id: UUID) -> User | None:
    row = await database.row(FIND_USER, user_id=user_id)
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
    """Inserts a Telegram user or updates the one there is. Tells whether it was inserted."""
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
    wanted: Filter,
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


async def count_users(connection: AsyncConnection, now: datetime, today: datetime) -> Counts:
    def since(column: Any, time: datetime) -> Any:
        return func.count().filter(column >= time)

    query = select(
        func.count().label("total"),
        since(USERS.c.last_seen_time, now - timedelta(minutes=5)).label("active_5m"),
        since(USERS.c.last_seen_time, now - timedelta(hours=24)).label("active_24h"),
        since(USERS.c.create_time, today).label("new_today"),
    ).where(USERS.c.delete_time.is_(None))
    return Counts(**(await connection.execute(query)).mappings().one())


async def insert_session(connection: AsyncConnection, session: Session) -> None:
    await connection.execute(insert(SESSIONS).values(**vars(session)))


async def find_refresh(connection: AsyncConnection, refresh_hash: bytes) -> Session | None:
    """Finds the session that a refresh token belongs to, spent or not, and locks it."""
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
) -> None:
    statement = update(SESSIONS).where(SESSIONS.c.id == session.id)
    await connection.execute(
        statement.values(
            refresh_hash=refresh_hash,
            spent_hash=session.refresh_hash,
            refresh_time=now,
            expire_time=expire,
        )
    )


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


async def insert_api_key(connection: AsyncConnection, key: ApiKey) -> None:
    await connection.execute(insert(API_KEYS).values(**vars(key)))


async def use_api_key(
    connection: AsyncConnection, secret_hash: bytes, now: datetime
) -> ApiKey | None:
    """Finds a key that is not expired, and notes its use."""
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


async def find_telegram_user(connection: AsyncConnection, telegram_id: int) -> UUID | None:
    found: UUID | None = await connection.scalar(
        select(USERS.c.id).where(USERS.c.telegram_id == telegram_id)
    )
    return found


async def add_purchase(connection: AsyncConnection, purchase: Purchase) -> None:
    """Adds to what a user bought in a currency. The user need not be there."""
    row = upsert(PURCHASES).values(**vars(purchase))
    sums = {
        name: PURCHASES.c[name] + row.excluded[name]
        for name in ("payment_count", "refund_count", "paid_amount", "refunded_amount")
    }
    await connection.execute(
        row.on_conflict_do_update(index_elements=["user_id", "currency"], set_=sums)
    )


async def list_purchases(
    connection: AsyncConnection, user_id: UUID, after: str, limit: int
) -> list[Purchase]:
    query = select(PURCHASES).where(PURCHASES.c.user_id == user_id, PURCHASES.c.currency > after)
    query = query.order_by(PURCHASES.c.currency).limit(limit)
    return [Purchase(**row) for row in (await connection.execute(query)).mappings()]
