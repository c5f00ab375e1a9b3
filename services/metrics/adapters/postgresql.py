"""Figures of PostgreSQL, from its statistics views."""

import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from services.kernel.clock import Clock
from services.kernel.database.database import Database
from services.metrics.domain.infrastructure import DatabaseFigures

FIGURES = text(
    """
    SELECT
        current_setting('server_version') AS version,
        pg_postmaster_start_time() AS start_time,
        current_setting('max_connections')::int AS max_connections,
        pg_is_in_recovery() AS in_recovery,
        (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')
            AS connections,
        pg_database_size(current_database()) AS size,
        (SELECT sum(xact_commit + xact_rollback) FROM pg_stat_database) AS transactions,
        (SELECT sum(blks_hit) FROM pg_stat_database) AS hits,
        (SELECT sum(blks_read) FROM pg_stat_database) AS reads,
        (SELECT count(*) FROM pg_stat_replication) AS replicas,
        (SELECT max(extract(epoch FROM replay_lag)) FROM pg_stat_replication) AS lag
    """
)
HAS_STATEMENTS = text("SELECT to_regclass('pg_stat_statements') IS NOT NULL")
STATEMENTS = text("SELECT sum(calls) FROM pg_stat_statements")


class DatabaseCollector:
    """Measures PostgreSQL. Rates and ratios cover the time since the previous measurement."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._before: dict[str, float] = {}
        self._measured = 0.0

    async def measure(self) -> DatabaseFigures:
        """Return the current figures.

        Raises:
            UnavailableError: PostgreSQL is unavailable.
        """
        async with self._database.reading() as connection:
            row = (await connection.execute(FIGURES)).mappings().one()
            statements = None
            if await connection.scalar(HAS_STATEMENTS):
                statements = await connection.scalar(STATEMENTS)
        now = time.monotonic()
        counters = {name: float(row[name] or 0) for name in ("transactions", "hits", "reads")}
        if statements is not None:
            counters["statements"] = float(statements)
        changes = {
            name: value - self._before[name]
            for name, value in counters.items()
            if name in self._before and value >= self._before[name]
        }
        seconds = now - self._measured
        self._before, self._measured = counters, now
        return self._figures(row, changes, seconds)

    def _figures(
        self, row: Mapping[Any, Any], changes: dict[str, float], seconds: float
    ) -> DatabaseFigures:
        return DatabaseFigures(
            time=self._clock.now(),
            version=str(row["version"]).split()[0],
            start_time=row["start_time"],
            connections=row["connections"],
            max_connections=row["max_connections"],
            size=row["size"],
            replicas=row["replicas"],
            lag_seconds=float(row["lag"]) if row["lag"] is not None else None,
            in_recovery=row["in_recovery"],
            query_rate=rate_per_second(changes, "statements", seconds),
            transaction_rate=rate_per_second(changes, "transactions", seconds),
            cache_hit_ratio=hit_ratio(changes),
        )


def rate_per_second(changes: dict[str, float], name: str, seconds: float) -> float | None:
    return changes[name] / seconds if name in changes else None


def hit_ratio(changes: dict[str, float]) -> float | None:
    """Return the share of block reads that the buffer cache served, None if there were none.

    A counter is missing in the first measurement and after a reset.
    """
    if "hits" not in changes or "reads" not in changes:
        return None
    blocks = changes["hits"] + changes["reads"]
    return changes["hits"] / blocks if blocks else None
