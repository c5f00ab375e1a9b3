"""The newest checkpoint and its publication on each channel."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.events.domain.checkpoints import Publication, PublishedHead
from services.events.domain.entries import Head
from services.events.storage.tables import CHECKPOINTS, LOG

LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('libral.events.checkpoints'))"


async def try_lock_checkpoints(connection: AsyncConnection) -> bool:
    """Lock checkpoints until the transaction ends. Return False if they are locked."""
    return bool(await connection.scalar(text(LOCK)))


async def find_last_published(connection: AsyncConnection) -> PublishedHead | None:
    """Return the head that was published last."""
    row = (await connection.execute(select(CHECKPOINTS))).one_or_none()
    if row is None:
        return None
    publications = {name: read_publication(content) for name, content in row.marks.items()}
    return PublishedHead(Head(row.position, row.hash), row.create_time, publications)


async def save_published(connection: AsyncConnection, published: PublishedHead) -> None:
    values = {
        "position": published.head.position,
        "hash": published.head.hash,
        "create_time": published.time,
        "marks": {name: write_publication(one) for name, one in published.publications.items()},
    }
    row = insert(CHECKPOINTS).values(singleton=True, **values)
    await connection.execute(row.on_conflict_do_update(index_elements=["singleton"], set_=values))


async def has_events_by_others(connection: AsyncConnection, after: int, actor: str) -> bool:
    """True if an event above a position has another actor than `actor`."""
    query = select(func.count()).where(LOG.c.position > after, LOG.c.actor != actor)
    return bool(await connection.scalar(query))


def read_publication(content: dict[str, Any]) -> Publication:
    time = datetime.fromisoformat(content["time"]) if content["time"] else None
    return Publication(content["position"], time, content["error"])


def write_publication(publication: Publication) -> dict[str, Any]:
    time = publication.time.isoformat() if publication.time else None
    return {"position": publication.position, "time": time, "error": publication.error}
