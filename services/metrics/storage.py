"""Series, alert rules and incidents in PostgreSQL: SQL in, domain out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Double,
    Identity,
    Integer,
    Interval,
    MetaData,
    SmallInteger,
    Table,
    Text,
    delete,
    func,
    insert,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.metrics.domain import AlertRule, Distribution, Range, Sample, SeriesKey

METADATA = MetaData(schema="metrics")
TIME = DateTime(timezone=True)
SERIES_MAX = 100
ROUTES_MAX = 1000

SERIES = Table(
    "series",
    METADATA,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("metric", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("attributes", JSONB, nullable=False),
    Column("unit", Text, nullable=False),
    Column("bounds", ARRAY(Double)),
)

POINTS = Table(
    "points",
    METADATA,
    Column("series_id", Integer, nullable=False),
    Column("time", TIME, nullable=False),
    Column("value", Double, nullable=False),
)

DISTRIBUTIONS = Table(
    "distributions",
    METADATA,
    Column("series_id", Integer, nullable=False),
    Column("time", TIME, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("total", Double, nullable=False),
    Column("counts", ARRAY(BigInteger), nullable=False),
)

ALERT_RULES = Table(
    "alert_rules",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("display_name", Text, nullable=False),
    Column("metric", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("comparison", SmallInteger, nullable=False),
    Column("threshold", Double, nullable=False),
    Column("hold", Interval, nullable=False),
    Column("severity", SmallInteger, nullable=False),
    Column("disabled", Boolean, nullable=False),
)

INCIDENTS = Table(
    "incidents",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("alert_rule", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("severity", SmallInteger, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("value", Double, nullable=False),
    Column("create_time", TIME, nullable=False),
    Column("acknowledge_time", TIME),
    Column("acknowledger", Text, nullable=False),
    Column("resolve_time", TIME),
)

FIRING, ACKNOWLEDGED, RESOLVED = 1, 2, 3


@dataclass(frozen=True)
class Incident:
    """A time in which the condition of a rule held."""

    id: str
    alert_rule: str
    display_name: str
    severity: int
    state: int
    value: float
    create_time: datetime
    acknowledge_time: datetime | None = None
    acknowledger: str = ""
    resolve_time: datetime | None = None


@dataclass(frozen=True)
class StoredSeries:
    """A series and its id."""

    id: int
    key: SeriesKey
    bounds: tuple[float, ...]


class SeriesIds:
    """The ids of series, looked up once."""

    def __init__(self) -> None:
        self._known: dict[SeriesKey, int] = {}

    async def find(
        self, connection: AsyncConnection, wanted: dict[SeriesKey, tuple[float, ...] | None]
    ) -> dict[SeriesKey, int]:
        """Tells the id of each series, and makes those that are new."""
        return {
            key: self._known.get(key) or await insert_series(connection, key, bounds)
            for key, bounds in wanted.items()
        }

    def remember(self, ids: dict[SeriesKey, int]) -> None:
        """Takes note of ids once the transaction that may have made them is committed."""
        self._known |= ids


async def insert_series(
    connection: AsyncConnection, key: SeriesKey, bounds: tuple[float, ...] | None
) -> int:
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
    rows = await connection.execute(query.limit(ROUTES_MAX * 10))
    return [
        StoredSeries(
            id=row.id,
            key=SeriesKey(row.metric, row.source, tuple(sorted(row.attributes.items())), row.unit),
            bounds=tuple(row.bounds or ()),
        )
        for row in rows
    ]


AGGREGATES = {
    "AVERAGE": func.avg(POINTS.c.value),
    "MINIMUM": func.min(POINTS.c.value),
    "MAXIMUM": func.max(POINTS.c.value),
    "SUM": func.sum(POINTS.c.value),
    "LAST": func.last_value(POINTS.c.value),
}


async def read_points(
    connection: AsyncConnection, ids: Sequence[int], span: Range, aggregation: str, *, merge: bool
) -> list[tuple[int, datetime, float]]:
    """Aggregates points by step: (series id, start of the step, value). Merged, the id is 0."""
    step = func.date_bin(span.step, POINTS.c.time, span.start).label("step")
    series = text("0") if merge else POINTS.c.series_id
    if aggregation == "LAST":
        newest = func.array_agg(POINTS.c.value.op("ORDER BY")(POINTS.c.time.desc()))
        value: Any = newest[1]
    else:
        value = AGGREGATES[aggregation]
    groups = (step,) if merge else (step, POINTS.c.series_id)
    query = select(series, step, value).where(
        POINTS.c.series_id.in_(ids), POINTS.c.time >= span.start, POINTS.c.time < span.end
    )
    rows = await connection.execute(query.group_by(*groups).order_by(step))
    return [(row[0], row[1], float(row[2])) for row in rows]


async def read_counts(
    connection: AsyncConnection, ids: Sequence[int], span: Range, *, merge: bool
) -> dict[tuple[int, datetime], list[int]]:
    """Adds the bucket counts of distributions up by series and step. Merged, the id is 0."""
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
    query = select(DISTRIBUTIONS.c.series_id, func.max(DISTRIBUTIONS.c.time))
    query = query.where(DISTRIBUTIONS.c.series_id.in_(ids), DISTRIBUTIONS.c.time >= start)
    rows = await connection.execute(query.group_by(DISTRIBUTIONS.c.series_id))
    return {row[0]: row[1] for row in rows}


async def read_sums(
    connection: AsyncConnection, ids: Sequence[int], start: datetime, end: datetime
) -> dict[int, int]:
    """Counts what distributions recorded from `start` to `end`, by series."""
    query = select(DISTRIBUTIONS.c.series_id, func.sum(DISTRIBUTIONS.c.count)).where(
        DISTRIBUTIONS.c.series_id.in_(ids),
        DISTRIBUTIONS.c.time >= start,
        DISTRIBUTIONS.c.time < end,
    )
    rows = await connection.execute(query.group_by(DISTRIBUTIONS.c.series_id))
    return {row[0]: int(row[1]) for row in rows}


async def delete_before(
    connection: AsyncConnection, table: Table, time: datetime, limit: int
) -> int:
    """Deletes at most `limit` old rows. Tells how many it deleted."""
    place: ColumnElement[object] = literal_column("ctid")
    old = select(place).select_from(table).where(table.c.time < time).limit(limit)
    done = await connection.execute(delete(table).where(place.in_(old)))
    return done.rowcount


async def list_rules(connection: AsyncConnection) -> list[AlertRule]:
    rows = await connection.execute(select(ALERT_RULES).order_by(ALERT_RULES.c.id))
    return [AlertRule(**row) for row in rows.mappings()]


async def insert_rule(connection: AsyncConnection, rule: AlertRule) -> None:
    await connection.execute(insert(ALERT_RULES).values(**vars(rule)))


async def update_rule(
    connection: AsyncConnection, rule_id: str, values: dict[str, Any]
) -> AlertRule | None:
    statement = update(ALERT_RULES).where(ALERT_RULES.c.id == rule_id).values(**values)
    rows = await connection.execute(statement.returning(ALERT_RULES))
    row = rows.mappings().one_or_none()
    return None if row is None else AlertRule(**row)


async def find_rule(connection: AsyncConnection, rule_id: str) -> AlertRule | None:
    rows = await connection.execute(select(ALERT_RULES).where(ALERT_RULES.c.id == rule_id))
    row = rows.mappings().one_or_none()
    return None if row is None else AlertRule(**row)


async def delete_rule(connection: AsyncConnection, rule_id: str) -> bool:
    done = await connection.execute(delete(ALERT_RULES).where(ALERT_RULES.c.id == rule_id))
    return done.rowcount > 0


async def open_incidents(connection: AsyncConnection) -> dict[str, Incident]:
    """Finds the incidents that are not resolved, by rule."""
    rows = await connection.execute(select(INCIDENTS).where(INCIDENTS.c.state != RESOLVED))
    return {row["alert_rule"]: Incident(**row) for row in rows.mappings()}


async def insert_incident(connection: AsyncConnection, incident: Incident) -> None:
    await connection.execute(insert(INCIDENTS).values(**vars(incident)))


async def update_incident(
    connection: AsyncConnection, incident_id: str, **values: Any
) -> Incident | None:
    statement = update(INCIDENTS).where(INCIDENTS.c.id == incident_id).values(**values)
    rows = await connection.execute(statement.returning(INCIDENTS))
    row = rows.mappings().one_or_none()
    return None if row is None else Incident(**row)


async def find_incident(connection: AsyncConnection, incident_id: str) -> Incident | None:
    query = select(INCIDENTS).where(INCIDENTS.c.id == incident_id).with_for_update()
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else Incident(**row)


async def list_incidents(
    connection: AsyncConnection, state: int, before: str | None, limit: int
) -> list[Incident]:
    """Lists incidents from the newest on. Their ids sort by time."""
    query = select(INCIDENTS).order_by(INCIDENTS.c.id.desc()).limit(limit)
    if state:
        query = query.where(INCIDENTS.c.state == state)
    if before is not None:
        query = query.where(INCIDENTS.c.id < before)
    return [Incident(**row) for row in (await connection.execute(query)).mappings()]


KEPT = timedelta(days=7)
