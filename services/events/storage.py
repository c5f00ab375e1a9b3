"""The log in PostgreSQL: SQL in, entries out."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.events.domain import Entry, Head
from services.kernel.events import Level

METADATA = MetaData(schema="events")

LOG = Table(
    "log",
    METADATA,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Uuid, nullable=False, unique=True),
    Column("type", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("category", SmallInteger, nullable=False),
    Column("level", SmallInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("time", DateTime(timezone=True), nullable=False),
    Column("append_time", DateTime(timezone=True), nullable=False),
    Column("data", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

HEAD = Table(
    "head",
    METADATA,
    Column("singleton", Boolean, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)


@dataclass(frozen=True)
class Filter:
    """Which events to read. What is empty or None does not filter."""

    categories: Sequence[int] = ()
    types: Sequence[str] = ()
    min_level: int = 0
    source: str = ""
    subject: str = ""
    actor: str = ""
    query: str = ""
    start_time: datetime | None = None
    end_time: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.categories:
            found.append(LOG.c.category.in_(self.categories))
        if self.types:
            found.append(LOG.c.type.in_(self.types))
        if self.min_level:
            found.append(LOG.c.level >= self.min_level)
        exact = {"source": self.source, "subject": self.subject, "actor": self.actor}
        found.extend(LOG.c[name] == value for name, value in exact.items() if value)
        if self.query:
            columns = (LOG.c.type, LOG.c.subject, LOG.c.data)
            found.append(
                or_(*(column.icontains(self.query, autoescape=True) for column in columns))
            )
        if self.start_time is not None:
            found.append(LOG.c.time >= self.start_time)
        if self.end_time is not None:
            found.append(LOG.c.time < self.end_time)
        return found


@dataclass(frozen=True)
class Counts:
    """Counts of the last hour and the last day."""

    last_hour: int
    last_day: int
    errors: int
    categories: dict[int, int]


async def lock_head(connection: AsyncConnection) -> Head:
    """Reads the head, and keeps every other writer out until the transaction ends."""
    query = select(HEAD.c.position, HEAD.c.hash).with_for_update()
    row = (await connection.execute(query)).one()
    return Head(row.position, row.hash)


async def read_head(connection: AsyncConnection) -> Head:
    row = (await connection.execute(select(HEAD.c.position, HEAD.c.hash))).one()
    return Head(row.position, row.hash)


async def find_positions(connection: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, int]:
    """Tells which of the ids are in the log, and where."""
    query = select(LOG.c.id, LOG.c.position).where(LOG.c.id.in_(ids))
    return {row.id: row.position for row in await connection.execute(query)}


async def append(connection: AsyncConnection, entries: Sequence[Entry], head: Head) -> None:
    await connection.execute(insert(LOG), [asdict(entry) for entry in entries])
    await connection.execute(update(HEAD).values(position=head.position, hash=head.hash))


async def find_by_id(connection: AsyncConnection, event_id: UUID) -> Entry | None:
    rows = await connection.execute(select(LOG).where(LOG.c.id == event_id))
    row = rows.mappings().one_or_none()
    return None if row is None else Entry(**row)


async def list_newest(
    connection: AsyncConnection, wanted: Filter, before: int | None, limit: int
) -> list[Entry]:
    """Reads events from the newest on, or from below the position `before`."""
    query = select(LOG).where(*wanted.conditions()).order_by(LOG.c.position.desc()).limit(limit)
    if before is not None:
        query = query.where(LOG.c.position < before)
    return [Entry(**row) for row in (await connection.execute(query)).mappings()]


async def list_between(
    connection: AsyncConnection, wanted: Filter, after: int, until: int, limit: int
) -> list[Entry]:
    """Reads events in order, above `after` and up to `until`."""
    query = select(LOG).where(LOG.c.position > after, LOG.c.position <= until)
    query = query.where(*wanted.conditions()).order_by(LOG.c.position).limit(limit)
    return [Entry(**row) for row in (await connection.execute(query)).mappings()]


async def count(connection: AsyncConnection, now: datetime) -> Counts:
    hour, day = now - timedelta(hours=1), now - timedelta(days=1)
    query = select(
        LOG.c.category,
        func.count().label("day"),
        func.count().filter(LOG.c.append_time >= hour).label("hour"),
        func.count().filter(LOG.c.level >= int(Level.ERROR)).label("errors"),
    )
    query = query.where(LOG.c.append_time >= day).group_by(LOG.c.category)
    rows = (await connection.execute(query)).all()
    return Counts(
        last_hour=sum(row.hour for row in rows),
        last_day=sum(row.day for row in rows),
        errors=sum(row.errors for row in rows),
        categories={row.category: row.day for row in rows},
    )
