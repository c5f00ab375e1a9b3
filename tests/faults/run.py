"""One run: the mesh, the workload under faults, recovery, and the promises."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import asyncpg

from tests.faults.client import FaultClient
from tests.faults.history import DealtFault, History
from tests.faults.injector import Injector
from tests.faults.mesh import FaultMesh, running_mesh
from tests.faults.promises import check
from tests.faults.promises.evidence import Evidence, read_log
from tests.faults.promises.logs import count_lines
from tests.faults.promises.quiet import pending_updates, settle
from tests.faults.report import Finding, PromiseViolation
from tests.faults.schedule import deal
from tests.faults.subscribers import Subscriber, subscribe
from tests.faults.tasks import cancel_tasks
from tests.faults.workload import Workload
from tests.faults.workload.late import connect

# An update whose worker lost the database is retried when its lease expires after 30 seconds.
PATIENCE_SECONDS = (45.0, 90.0)
HOLD_SECONDS = 1.0
BACKLOG_MAX = 500
CATCH_UP_SECONDS = 10.0
PROGRESS_SECONDS = 15.0
POLL_SECONDS = 0.5
AWAY = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
AHEAD = 1.6
"""Factor of the target rate over the required one, because faults reduce it."""
FAULTS_SHARE = 0.85
"""Share of the run in which the required faults are injected."""


@dataclass(frozen=True)
class RunSize:
    """The size of a run: minimum events and faults, maximum minutes."""

    seed: int
    events: int
    faults: int
    minutes: float
    only: tuple[str, ...] = ()
    mutation: str = ""

    @property
    def seconds(self) -> float:
        return self.minutes * 60

    @property
    def patience(self) -> float:
        """The seconds that the mesh has to finish operations, and then to become idle."""
        least, most = PATIENCE_SECONDS
        return min(max(self.seconds, least), most)

    @property
    def rate(self) -> float:
        return self.events * AHEAD / self.seconds

    @property
    def interval(self) -> float:
        return self.seconds * FAULTS_SHARE / self.faults


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run."""

    findings: Sequence[Finding]
    history: History
    events: int
    faults: int
    cuts: dict[str, int]
    lines: dict[str, int]

    @property
    def green(self) -> bool:
        return not any(each.violations for each in self.findings)


async def run(size: RunSize, keep: Path) -> Outcome:
    """Run the mesh under faults and check every promise. Logs are copied to `keep`."""
    async with running_mesh(size.mutation, keep) as mesh, opened(mesh) as client:
        history = History()
        subscribers = subscribe(client, mesh.events_targets)
        try:
            await drive(size, mesh, client, history, subscribers)
            print_line("Faults ended; waiting until the mesh is idle…")
            return await check_run(size, mesh, client, history, subscribers)
        finally:
            for subscriber in subscribers:
                await subscriber.stop()


@contextlib.asynccontextmanager
async def opened(mesh: FaultMesh) -> AsyncIterator[FaultClient]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        client = FaultClient(mesh, http)
        try:
            yield client
        finally:
            await client.close()


async def drive(
    size: RunSize,
    mesh: FaultMesh,
    client: FaultClient,
    history: History,
    subscribers: list[Subscriber],
) -> None:
    """Run the workload under faults until both minimums or the time limit, then recover."""
    workload = Workload(size.seed, mesh, client, history, size.rate)
    injector = Injector(size.seed, mesh, history, workload.customers, print_fault)
    workload.start()
    watching = asyncio.create_task(hold_back(mesh, workload))
    injector.start(deal(size.seed, size.interval, size.only))
    try:
        printed = 0.0
        while history.now() < size.seconds:
            await asyncio.sleep(POLL_SECONDS)
            workload.check()
            injector.check()
            events = max(subscriber.position for subscriber in subscribers)
            if events >= size.events and len(history.faults) >= size.faults:
                break
            if history.now() - printed > PROGRESS_SECONDS:
                printed = history.now()
                print_progress(history, events)
        await injector.heal()
        await workload.finish(size.patience)
    finally:
        await cancel_tasks([watching])
        await injector.close()
        await workload.stop()


async def hold_back(mesh: FaultMesh, workload: Workload) -> None:
    """Pause customers while the backlog of updates exceeds that of an outage."""
    while True:
        with contextlib.suppress(OSError, TimeoutError, *AWAY):
            database = await connect(mesh.database_url)
            try:
                while True:
                    workload.hold(await pending_updates(database) > BACKLOG_MAX)
                    await asyncio.sleep(HOLD_SECONDS)
            finally:
                database.terminate()
        await asyncio.sleep(HOLD_SECONDS)


async def check_run(
    size: RunSize,
    mesh: FaultMesh,
    client: FaultClient,
    history: History,
    subscribers: list[Subscriber],
) -> Outcome:
    database = await connect(mesh.database_url)
    try:
        healed = history.now()
        left = await settle(database, mesh, history, subscribers, size.patience)
        print_line(
            f"Idle after {history.now() - healed:.0f} s; checking…" if not left else str(left)
        )
        entries, head = await read_log(database)
        await catch_up(subscribers, head.position)
        evidence = Evidence(mesh, client, history, subscribers, database, entries, head, left)
        findings = [*await check(evidence), *check_size(size, history, len(entries))]
    finally:
        await database.close()
    cuts = {each.name: each.cuts for each in subscribers}
    lines = count_lines(mesh.home.logs)
    return Outcome(findings, history, len(entries), len(history.faults), cuts, lines)


async def catch_up(subscribers: list[Subscriber], position: int) -> None:
    """Wait for subscribers to receive events that were appended while the log was read."""
    deadline = time.monotonic() + CATCH_UP_SECONDS
    for subscriber in subscribers:
        while subscriber.position < position and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(POLL_SECONDS)


def check_size(size: RunSize, history: History, events: int) -> list[Finding]:
    """Check that the run reached its minimum size."""
    finding = Finding("the run was as long as requested", 2)
    for name, wanted, found in (
        ("events", size.events, events),
        ("faults", size.faults, len(history.faults)),
    ):
        if found < wanted:
            finding.violations.append(PromiseViolation("run", f"{found:,} {name} of {wanted:,}"))
    return [finding]


def print_progress(history: History, events: int) -> None:
    faults, operations = len(history.faults), len(history.operations)
    print_line(
        f"{history.now():6.0f} s: {events:,} events, {faults} faults, {operations:,} operations"
    )


def print_fault(fault: DealtFault) -> None:
    print_line(f"{fault.begun:6.0f} s: fault {fault.number}: {fault.kind} {fault.what}")


def print_line(text: str) -> None:
    print(text, flush=True)
