"""Time to list a page of the log at millions of rows, for single and combined filters.

This process creates the rows directly, chained and indexed by the log's own code. Every list
request goes through the gateway. The depth of the indexes shows how many disk pages a lookup reads,
also for ten times the rows.
"""

import contextlib
import json
import math
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import asyncpg
import httpx
import uvloop
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.local.home import Home
from deploy.local.supervision import SupervisordClient
from services.events.domain.blocks import BLOCK_SIZE, summarize_block
from services.events.domain.entries import LogEntry, chain_entries
from services.events.domain.partitions import month_start
from services.events.storage import blocks, log
from services.events.storage.partitions import create_partition
from services.kernel.database.database import Database
from services.kernel.errors import UnavailableError
from tests.benchmarks.events.service import CITIES, database_url, password
from tests.benchmarks.figures import Figure
from tests.benchmarks.gateway.mesh import BenchmarkMesh, sign_in

BATCH = 2_000
SPAN = timedelta(days=80)
REQUESTS = 60
PAGES = 5
PERCENTILE = 95
TEN_TIMES = 10
READY_SECONDS = 30.0
RARE = 200_000
ACTED = 0.3
TRIES_MAX = 20
TYPES = {
    "payment.completed": (3, "payments"),
    "payment.refunded": (3, "payments"),
    "user.created": (2, "users"),
    "user.updated": (2, "users"),
    "telegram.update_received": (5, "telegram"),
    "telegram.message_sent": (5, "telegram"),
    "module.state_changed": (6, "metrics"),
    "audit.call": (7, "users"),
    "api.error": (4, "gateway"),
}
WEIGHTS = (20, 1, 8, 6, 40, 15, 1, 8, 1)
USERS = 100_000


class Rows(Protocol):
    """The number of rows in the log."""

    rows: int


def measure(mesh: BenchmarkMesh, size: Rows) -> list[Figure]:
    url = database_url(mesh)
    supervisor = SupervisordClient(Home(mesh.folder / "home"))
    supervisor.stop("events")
    began = time.perf_counter()
    uvloop.run(fill_log(url, size.rows))
    print(f"\r{size.rows:,} rows made in {time.perf_counter() - began:.0f} s", flush=True)
    supervisor.start("events")
    depth = uvloop.run(read_depth(url))
    worst = max(measure_filters(mesh, size.rows))
    print_depth(depth, size.rows)
    return [Figure("list_p95_ms", worst, 100.0, REQUESTS * len(FILTERS))]


async def fill_log(url: str, rows: int) -> None:
    """Append rows and blocks as the service does, while the service is stopped.

    Under this load PostgreSQL can exceed the call timeout; filling then continues from the head.
    """
    database = Database(url)
    try:
        async with database.reading() as connection:
            start = (await log.read_head(connection)).append_time
        for _ in range(TRIES_MAX):
            with contextlib.suppress(UnavailableError):
                await append_rows(database, rows, start)
                break
    finally:
        await database.close()
    alone = await asyncpg.connect(url)
    await alone.execute("VACUUM ANALYZE")
    await alone.close()


async def append_rows(database: Database, rows: int, start: datetime) -> None:
    dice = random.Random(1)
    async with database.session() as connection:
        head = await log.read_head(connection)
        indexed = await blocks.read_indexed_position(connection)
        left = await log.list_entries(connection, indexed, head.position, BATCH * 10)
        await connection.commit()
        for number in range(head.position, rows, BATCH):
            at = start + SPAN * (number / rows)
            async with connection.begin():
                left += await append(connection, dice, number, at)
                while len(left) >= BLOCK_SIZE:
                    await blocks.add_block(connection, summarize_block(left[:BLOCK_SIZE]))
                    del left[:BLOCK_SIZE]
            if number % (BATCH * 50) < BATCH:
                print(f"\r{number:,} of {rows:,} rows made", end="", flush=True)


async def append(
    connection: AsyncConnection, dice: random.Random, first: int, at: datetime
) -> list[LogEntry]:
    before = await log.lock_head(connection)
    entries = [make_entry(dice, number, at) for number in range(first, first + BATCH)]
    placed, after = chain_entries(before, entries, at)
    await create_partition(connection, month_start(after.append_time))
    await log.append_entries(connection, placed, before, after)
    return placed


def make_entry(dice: random.Random, number: int, at: datetime) -> LogEntry:
    [kind] = dice.choices(list(TYPES), WEIGHTS)
    category, source = TYPES[kind]
    user = f"users/{dice.randrange(USERS):08x}"
    data = {"city": dice.choice(CITIES), "order": f"order{number}", "user": user}
    if number % RARE == 0:
        data["note"] = "至急 確認 rarity"
    return LogEntry(
        id=UUID(int=(number << 64) + dice.getrandbits(62) + (1 << 63)),
        type=kind,
        source=source,
        subject=f"{source}/{dice.randrange(USERS):08x}",
        category=category,
        level=dice.choices([1, 2, 3, 4], [4, 90, 5, 1])[0],
        actor=user if dice.random() < ACTED else f"services/{source}",
        request_id="",
        time=at - timedelta(milliseconds=dice.randrange(5000)),
        data=json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True),
    )


def measure_filters(mesh: BenchmarkMesh, rows: int) -> Iterator[float]:
    """Request pages with each filter. Yield the 95th percentile of each, in milliseconds."""
    dice = random.Random(2)
    # The first token may have expired while the log was filled.
    token = sign_in(mesh.port, password(mesh))
    headers = {"authorization": f"Bearer {token}"}
    base = f"http://127.0.0.1:{mesh.port}"
    print(f"\npages of 50 at {rows:,} rows (N = {REQUESTS} each)")
    with httpx.Client(base_url=base, headers=headers, trust_env=False, timeout=30) as client:
        wait_until_ready(client)
        newest = client.get("/v1/events?pageSize=1").json()["events"][0]["time"]
        for name, make in FILTERS.items():
            took, counts = [], []
            for _ in range(REQUESTS // PAGES):
                query = make(dice, datetime.fromisoformat(newest), rows)
                for page in read_pages(client, query):
                    took.append(page[0])
                    counts.append(page[1])
            p95 = statistics.quantiles(took, n=100)[PERCENTILE - 1]
            median = statistics.median(took)
            line = f"p50 {median:6.1f} ms   p95 {p95:6.1f} ms"
            print(f"  {name:34} {line}   events a page {statistics.mean(counts):5.1f}", flush=True)
            yield p95


def read_pages(client: httpx.Client, query: dict[str, Any]) -> Iterator[tuple[float, int]]:
    """Read up to 5 pages. Yield the milliseconds and the number of events of each."""
    token = ""
    for _ in range(PAGES):
        began = time.perf_counter()
        answer = client.get("/v1/events", params=query | {"pageToken": token})
        took = (time.perf_counter() - began) * 1000
        found = answer.raise_for_status().json()
        yield took, len(found.get("events", []))
        token = found.get("nextPageToken", "")
        if not token:
            return


def wait_until_ready(client: httpx.Client) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while client.get("/v1/events?pageSize=1").status_code != httpx.codes.OK:
        if time.monotonic() > deadline:
            raise TimeoutError("The events service did not become ready.")
        time.sleep(0.2)


def window(dice: random.Random, newest: datetime, length: timedelta) -> dict[str, str]:
    start = newest - SPAN * dice.random() * 0.9 - length
    return {"startTime": start.isoformat(), "endTime": (start + length).isoformat()}


def user_name(dice: random.Random) -> str:
    return f"users/{dice.randrange(USERS):08x}"


Make = Callable[[random.Random, datetime, int], dict[str, Any]]
FILTERS: dict[str, Make] = {
    "none": lambda *_: {},
    "category": lambda dice, *_: {"categories": dice.choice(["PAYMENT", "USER", "AUDIT"])},
    "a rare category": lambda *_: {"categories": "MODULE"},
    "level": lambda dice, *_: {"minLevel": dice.choice(["WARNING", "ERROR"])},
    "type": lambda dice, *_: {"type": dice.choice(list(TYPES))},
    "source": lambda dice, *_: {"source": dice.choice(["users", "metrics", "gateway"])},
    "user": lambda dice, *_: {"user": user_name(dice)},
    "subject": lambda dice, *_: {"subject": f"payments/{dice.randrange(USERS):08x}"},
    "an hour": lambda dice, newest, _: window(dice, newest, timedelta(hours=1)),
    "a day and a level": lambda dice, newest, _: (
        window(dice, newest, timedelta(days=1)) | {"minLevel": "ERROR"}
    ),
    "a frequent word": lambda dice, *_: {"query": dice.choice(["payment", "渋谷", "completed"])},
    "a rare word": lambda *_: {"query": "rarity"},
    "a rare Japanese word": lambda *_: {"query": "至急"},
    "a word of one event": lambda dice, _, rows: {
        "query": f"order{rows - 1 - dice.randrange(rows // 2)}"
    },
    "a word of none": lambda *_: {"query": "nowhere"},
    "two frequent words, together in none": lambda *_: {"query": "refunded telegram"},
    "category, level and a word": lambda *_: {
        "categories": "PAYMENT",
        "minLevel": "ERROR",
        "query": "札幌市",
    },
    "source, user and an hour": lambda dice, newest, _: (
        window(dice, newest, timedelta(hours=1)) | {"source": "payments", "user": user_name(dice)}
    ),
}


@dataclass(frozen=True)
class Depth:
    """The depth of an index: levels above the leaves, and pages."""

    name: str
    levels: int
    pages: int


async def read_depth(url: str) -> list[Depth]:
    """Return the depth of each index that a list of the log can use."""
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE EXTENSION IF NOT EXISTS pageinspect")
    rows = await connection.fetch(
        """
        SELECT indexrelid::regclass::text AS name, (bt_metap(indexrelid::regclass::text)).level,
               pg_relation_size(indexrelid) / 8192 AS pages
        FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
        JOIN pg_am ON pg_am.oid = relam
        WHERE indrelid::regclass::text ~ '^events.(log_|ids|blocks)' AND amname = 'btree'
          AND pg_relation_size(indexrelid) > 8192
        ORDER BY pages DESC
        """
    )
    gin = await connection.fetchval("SELECT pg_relation_size('events.blocks_by_words') / 8192")
    await connection.close()
    depths = [Depth(row["name"], row["level"], row["pages"]) for row in rows]
    return [*depths, Depth("events.blocks_by_words (GIN)", 0, gin)]


def print_depth(depths: Sequence[Depth], rows: int) -> None:
    """Print the depth of the indexes, and the estimate for ten times the rows."""
    print(f"\n{'index':36} {'pages':>9} {'levels':>7} {'levels at 10x':>14}")
    for each in depths:
        if not each.levels:
            print(f"{each.name:36} {each.pages:9,}")
            continue
        fan_out = each.pages ** (1 / each.levels)
        after = math.ceil(round(math.log(each.pages * TEN_TIMES, fan_out), 2))
        print(f"{each.name:36} {each.pages:9,} {each.levels:7} {max(after, each.levels):14}")
