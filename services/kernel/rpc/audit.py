"""The audit trail: an event for every call that is audited.

It is written in the first transaction of the call that commits, so that there
is no change without its record and no record of a change that was undone. A
call that fails, or changes nothing in the database, gets an event in a
transaction of its own; so does one that fails after it changed something,
beside the first. What cannot be written now is kept and written later.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from ipaddress import ip_address
from itertools import islice
from typing import Any

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kernel.calls import Audit, Call, current_call
from services.kernel.database.database import Database
from services.kernel.errors import UnavailableError
from services.kernel.events.event import TEXT_LENGTH_MAX, Category, Level, NewEvent
from services.kernel.events.outbox import Outbox

WAIT_SECONDS = 0.5
RETRY_SECONDS = 0.5
FLUSH_SECONDS = 2.0
KEPT_MAX = 1000
BATCH_MAX = 100
OK = 0
FORWARDED = "x-forwarded-for"

log = structlog.get_logger()


class Auditor:
    """Writes the audit trail of a room."""

    def __init__(self, database: Database, outbox: Outbox) -> None:
        self._database = database
        self._outbox = outbox
        self._kept: deque[tuple[dict[str, Any], asyncio.Future[None]]] = deque()
        self._wake = asyncio.Event()
        database.before_commit(self.settle)

    async def settle(self, connection: AsyncConnection) -> Audit | None:
        """Writes the event of the current call into its transaction, unless one was written."""
        call = current_call()
        if call.audit is None or call.audit.written:
            return None
        await self._outbox.publish(connection, event_of(call, call.audit, OK, ""))
        return call.audit

    async def record(self, call: Call, code: int, reason: str, seconds: float) -> None:
        """Writes an event of its own, unless the call's change has one. Waits so long."""
        audit = call.audit
        if audit is None or (code == OK and audit.written):
            return
        audit.written = True
        row = self._outbox.row(event_of(call, audit, code, reason), call)
        if len(self._kept) >= KEPT_MAX:
            log.error("audit.lost", **shown(row))
            return
        written = asyncio.get_running_loop().create_future()
        self._kept.append((row, written))
        self._wake.set()
        if seconds > 0:
            await asyncio.wait([written], timeout=min(seconds, WAIT_SECONDS))

    async def run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._write_kept()

    async def flush(self) -> None:
        """Writes what is still kept, when the room ends."""
        try:
            async with asyncio.timeout(FLUSH_SECONDS):
                await self._write_kept()
        except TimeoutError:
            for row, _ in self._kept:
                log.error("audit.lost", **shown(row))  # noqa: TRY400 - there is no more to tell

    async def _write_kept(self) -> None:
        while self._kept:
            batch = list(islice(self._kept, BATCH_MAX))
            try:
                await self._write([row for row, _ in batch])
            except UnavailableError:
                await asyncio.sleep(RETRY_SECONDS)
                continue
            for _, written in batch:
                self._kept.popleft()
                written.set_result(None)

    async def _write(self, rows: list[dict[str, Any]]) -> None:
        """Writes rows together, or one by one so that a bad one takes no others with it."""
        try:
            async with self._database.transaction() as connection:
                await self._outbox.write(connection, rows)
        except DBAPIError:
            if len(rows) == 1:
                log.exception("audit.lost", **shown(rows[0]))
                return
            for row in rows:
                await self._write([row])


def event_of(call: Call, audit: Audit, code: int, reason: str) -> NewEvent:
    data: dict[str, Any] = {"method": call.method, "code": code, "reason": reason}
    told = {"address": audit.address, "via": audit.via, "session": call.caller.session}
    data |= {name: value for name, value in told.items() if value}
    if audit.repeated:
        data["repeated"] = True
    return NewEvent(
        type="audit.call",
        category=Category.AUDIT,
        level=Level.INFO if code == OK else Level.WARNING,
        subject=audit.subject.replace("\0", "")[:TEXT_LENGTH_MAX],
        actor=call.caller.subject or audit.actor,
        data=data,
    )


def open_audit(request: Any, metadata: Mapping[str, str], peer: str) -> Audit:
    """Begins the record of a call.

    The gateway tells the address of its client, and takes no such word from
    the client. Who reaches the room otherwise can tell what they like, so the
    record holds the address of who was connected too.
    """
    connected, told = host_of(peer), metadata.get(FORWARDED, "")
    subject = subject_of(request)
    if is_address(told):
        return Audit(subject=subject, address=told, via=connected)
    return Audit(subject=subject, address=connected)


def subject_of(request: Any) -> str:
    """Finds the name of the resource that a request is about."""
    if hasattr(request, "update_mask"):
        resources = (value for _, value in request.ListFields() if hasattr(value, "name"))
        return str(getattr(next(resources, None), "name", ""))
    return str(getattr(request, "name", ""))


def host_of(peer: str) -> str:
    """Takes the address out of `ipv4:127.0.0.1:50051` or `ipv6:[::1]:50051`."""
    _, _, rest = peer.partition(":")
    host = rest.rpartition(":")[0].replace("%5B", "[").replace("%5D", "]").strip("[]")
    return host if is_address(host) else ""


def is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a log line tells of an event that could not be kept."""
    names = ("subject", "actor", "request_id", "data")
    return {name: row[name] for name in names} | {"time": row["time"].isoformat()}
