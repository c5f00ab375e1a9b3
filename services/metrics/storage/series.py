"""Series and their values in PostgreSQL."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, func, insert, literal_column, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.metrics.domain.series import (
    Aggregation,
    Distribution,
    Points,
    Sample,
    SeriesKey,
    StoredSeries,
    TimeRange,
)
from services.metrics.storage.tables import DISTRIBUTIONS, POINTS, SERIES

SERIES_MAX = 10_000


async def save_series(
    connection: AsyncConnection, key: SeriesKey, bounds: tuple[float, ...] | None
) -> int:
    """Insert a series unless it exists, update its unit, and return its id."""
    statement = upsert(SERIES).values(
        metric=key.metric,
        source=key.source,
        attributes=dict(key.attributes),
        unit=key.unit,
        bounds=list(bounds) if bounds else None,
    )
    statement = statement.on_conflict_do_update(
        index_elements=["metric", "source", "attributes"], set_={"unit": key.unit}
    )
    return int((await connection.execute(statement.returning(SERIES.c.id))).scalar_one())


async def insert_points(
    connection: AsyncConnection, samples: Iterable[Sample], ids: dict[SeriesKey, int]
) -> None:
    rows = [{"series_id": ids[one.key], "time": one.time, "value": one.value} for one in samples]
    if rows:
        await connection.execute(insert(POINTS), rows)


async def insert_distributions(
    connection: AsyncConnection, reports: Iterable[Distribution], ids: dict[SeriesKey, int]
) -> None:
    rows = [
        {
            "series_id": ids[one.key],
            "time": one.time,
            "count": sum(one.counts),
            "total": one.total,
            "counts": list(one.counts),
        }
        for one in reports
    ]
    if rows:
        await connection.execute(insert(DISTRIBUTIONS), rows)


async def find_series(
    connection: AsyncConnection, metric: str, source: str = ""
) -> list[StoredSeries]:
    query = select(SERIES).where(SERIES.c.metric == metric).order_by(SERIES.c.id)
    if source:
        query = query.where(SERIES.c.source == source)
    rows = await connection.execute(query.limit(SERIES_MAX))
    return [
        StoredSeries(
            id=row.id,
            key=SeriesKey(row.metric, row.source, tuple(sorted(row.attributes.items())), row.unit),
            bounds=tuple(row.bounds or ()),
        )
        for row in rows
    ]


NEWEST: Any = func.array_agg(POINTS.c.value.op("ORDER BY")(POINTS.c.time.desc()))
AGGREGATES = {
    Aggregation.AVERAGE: func.avg(POINTS.c.value),
    Aggregation.MINIMUM: func.min(POINTS.c.value),
    Aggregation.MAXIMUM: func.max(POINTS.c.value),
    Aggregation.SUM: func.sum(POINTS.c.value),
    Aggregation.LAST: NEWEST[1],
}


async def read_points(
    connection: AsyncConnection,
    ids: Sequence[int],
    span: TimeRange,
    aggregation: Aggregation,
    *,
    merge: bool,
) -> dict[int, Points]:
    """Return the values of each step, by series id. A merged series has the id 0."""
    step = func.date_bin(span.step, POINTS.c.time, span.start).label("step")
    series = text("0") if merge else POINTS.c.series_id
    groups = (step,) if merge else (step, POINTS.c.series_id)
    query = select(series, step, AGGREGATES[aggregation]).where(
        POINTS.c.series_id.in_(ids), POINTS.c.time >= span.start, POINTS.c.time < span.end
    )
    found: dict[int, Points] = {}
    for series_id, at, value in await connection.execute(query.group_by(*groups).order_by(step)):
        found.setdefault(series_id, []).append((at, float(value)))
    return found


async def read_counts(
    connection: AsyncConnection, ids: Sequence[int], span: TimeRange, *, merge: bool
) -> dict[tuple[int, datetime], list[int]]:
    """Return the summed bucket counts by series id and step. A merged series has the id 0."""
    unnested = func.unnest(DISTRIBUTIONS.c.counts)
    bucket = unnested.table_valued("count", with_ordinality="place", name="bucket").render_derived()
    step = func.date_bin(span.step, DISTRIBUTIONS.c.time, span.start).label("step")
    series = text("0") if merge else DISTRIBUTIONS.c.series_id
    groups = (step,) if merge else (step, DISTRIBUTIONS.c.series_id)
    query = (
        select(series, step, bucket.c.place, func.sum(bucket.c.count))
        .select_from(DISTRIBUTIONS.join(bucket, text("true")))
        .where(
            DISTRIBUTIONS.c.series_id.in_(ids),
            DISTRIBUTIONS.c.time >= span.start,
            DISTRIBUTIONS.c.time < span.end,
        )
        .group_by(*groups, bucket.c.place)
        .order_by(step, bucket.c.place)
    )
    found: dict[tuple[int, datetime], list[int]] = {}
    for series_id, at, _, count in await connection.execute(query):
        found.setdefault((series_id, at), []).append(int(count))
    return found


async def read_last_times(
    connection: AsyncConnection, ids: Sequence[int], start: datetime
) -> dict[int, datetime]:
    """Return the time of the last histogram since `start`, by series id."""
    query = select(DISTRIBUTIONS.c.series_id, func.max(DISTRIBUTIONS.c.time))
    query = query.where(DISTRIBUTIONS.c.series_id.in_(ids), DISTRIBUTIONS.c.time >= start)
    rows = await connection.execute(query.group_by(DISTRIBUTIONS.c.series_id))
    return {row[0]: row[1] for row in rows}


async def read_sums(
    connection: AsyncConnection, ids: Sequence[int], start: datetime, end: datetime
) -> dict[int, int]:
    """Return the number of values that histograms recorded, by series id."""
    query = select(DISTRIBUTIONS.c.series_id, func.sum(DISTRIBUTIONS.c.count)).where(
        DISTRIBUTIONS.c.series_id.in_(ids),
        DISTRIBUTIONS.c.time >= start,
        DISTRIBUTIONS.c.time < end,
    )
    rows = await connection.execute(query.group_by(DISTRIBUTIONS.c.series_id))
    return {row[0]: int(row[1]) for row in rows}


async def delete_old_rows(
    connection: AsyncConnection, table: Table, time: datetime, limit: int
) -> int:
    """Delete at most `limit` rows older than `time`. Return the number of deleted rows."""
    place: ColumnElement[object] = literal_column("ctid")
    old = select(place).select_from(table).where(table.c.time < time).limit(limit)
    done = await connection.execute(delete(table).where(place.in_(old)))
    return done.rowcount
