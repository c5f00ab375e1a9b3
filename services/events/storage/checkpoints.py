"""What was told of the log last, and where."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.events.domain import Checkpoint, Head, Mark
from services.events.storage.tables import CHECKPOINTS, LOG

LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('libral.events.checkpoints'))"

Marks = Mapping[str, Mark]


async def try_lock(connection: AsyncConnection) -> bool:
    """Keeps other processes of the room from telling at the same time."""
    return bool(await connection.scalar(text(LOCK)))


async def find(connection: AsyncConnection) -> tuple[Head, datetime, Marks] | None:
    """Reads the newest checkpoint and the mark of each channel."""
    row = (await connection.execute(select(CHECKPOINTS))).one_or_none()
    if row is None:
        return None
    marks = {name: read_mark(mark) for name, mark in row.marks.items()}
    return Head(row.position, row.hash), row.create_time, marks


async def save(connection: AsyncConnection, checkpoint: Checkpoint, marks: Marks) -> None:
    values = {
        "position": checkpoint.head.position,
        "hash": checkpoint.head.hash,
        "create_time": checkpoint.time,
        "marks": {name: write_mark(mark) for name, mark in marks.items()},
    }
    row = insert(CHECKPOINTS).values(singleton=True, **values)
    await connection.execute(row.on_conflict_do_update(index_elements=["singleton"], set_=values))


async def has_news(connection: AsyncConnection, after: int, actor: str) -> bool:
    """Tells whether anybody but `actor` caused an event above a position."""
    query = select(func.count()).where(LOG.c.position > after, LOG.c.actor != actor)
    return bool(await connection.scalar(query))


def read_mark(content: dict[str, Any]) -> Mark:
    time = datetime.fromisoformat(content["time"]) if content["time"] else None
    return Mark(content["position"], time, content["error"])


def write_mark(mark: Mark) -> dict[str, Any]:
    time = mark.time.isoformat() if mark.time else None
    return {"position": mark.position, "time": time, "error": mark.error}
