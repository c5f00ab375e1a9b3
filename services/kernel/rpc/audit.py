"""The audit trail: an event for every call of an audited method.

The event is written in the call's first transaction that commits: a change and its event are
committed together or not at all. A call without a transaction, or that fails, gets an event in a
separate transaction. A call that fails after a commit has both. While the database is unavailable,
events are queued in memory.
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

from services.kernel.calls import AuditRecord, CallContext, current_call
from services.kernel.database.database import Database
from services.kernel.errors import UnavailableError
from services.kernel.events.event import TEXT_LENGTH_MAX, Category, Level, NewEvent
from services.kernel.events.outbox import Outbox

WAIT_SECONDS = 0.5
RETRY_SECONDS = 0.5
FLUSH_SECONDS = 2.0
QUEUE_MAX = 1000
BATCH_MAX = 100
OK = 0
FORWARDED = "x-forwarded-for"

log = structlog.get_logger()


class AuditWriter:
    """Writes the audit events of a service, and queues at most 1000 that cannot be written yet."""

    def __init__(self, database: Database, outbox: Outbox) -> None:
        self._database = database
        self._outbox = outbox
        self._queue: deque[tuple[dict[str, Any], asyncio.Future[None]]] = deque()
        self._wake = asyncio.Event()
        database.before_commit(self.write_in_transaction)

    async def write_in_transaction(self, connection: AsyncConnection) -> AuditRecord | None:
        """Insert the event of the current call in its transaction, unless one is committed.

        Return the record of the call if the event was inserted.
        """
        call = current_call()
        if call.audit is None or call.audit.written:
            return None
        await self._outbox.publish(connection, audit_event(call, call.audit, OK, ""))
        return call.audit

    async def record_call(self, call: CallContext, code: int, reason: str, seconds: float) -> None:
        """Write a separate event unless the call succeeded and its transaction wrote one.

        `code` is the canonical code of the call, `reason` the reason of its error. Wait for the
        write at most `seconds` and at most 0.5 seconds. With a full queue, log the event instead.
        """
        audit = call.audit
        if audit is None or (code == OK and audit.written):
            return
        audit.written = True
        row = self._outbox.make_row(audit_event(call, audit, code, reason), call)
        if len(self._queue) >= QUEUE_MAX:
            log.error("audit.lost", **log_fields(row))
            return
        written = asyncio.get_running_loop().create_future()
        self._queue.append((row, written))
        self._wake.set()
        if seconds > 0:
            await asyncio.wait([written], timeout=min(seconds, WAIT_SECONDS))

    async def run(self) -> None:
        """Write queued events until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._write_queue()

    async def flush(self) -> None:
        """Write the queue within 2 seconds before the service stops. Log the events left over."""
        try:
            async with asyncio.timeout(FLUSH_SECONDS):
                await self._write_queue()
        except TimeoutError:
            for row, _ in self._queue:
                log.error("audit.lost", **log_fields(row))  # noqa: TRY400 - the traceback of a timeout is useless

    async def _write_queue(self) -> None:
        while self._queue:
            batch = list(islice(self._queue, BATCH_MAX))
            try:
                await self._insert([row for row, _ in batch])
            except UnavailableError:
                await asyncio.sleep(RETRY_SECONDS)
                continue
            for _, written in batch:
                self._queue.popleft()
                written.set_result(None)

    async def _insert(self, rows: list[dict[str, Any]]) -> None:
        """Insert rows in one transaction, or each in its own if the database rejects one."""
        try:
            async with self._database.transaction() as connection:
                await self._outbox.insert_rows(connection, rows)
        except DBAPIError:
            if len(rows) == 1:
                log.exception("audit.lost", **log_fields(rows[0]))
                return
            for row in rows:
                await self._insert([row])


def audit_event(call: CallContext, audit: AuditRecord, code: int, reason: str) -> NewEvent:
    """Return the audit event of a call that ended with a canonical code."""
    data: dict[str, Any] = {"method": call.method, "code": code, "reason": reason}
    optional = {"address": audit.address, "via": audit.via, "session": call.caller.session}
    data |= {name: value for name, value in optional.items() if value}
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


def open_record(request: Any, metadata: Mapping[str, str], peer: str) -> AuditRecord:
    """Return the record of a new call, with the address of the client.

    The gateway sets `x-forwarded-for` and ignores that of its clients. Other callers can forge it,
    so the record also holds the address of the connection. `peer` is gRPC's `context.peer()`.
    """
    connected, forwarded = host_of(peer), metadata.get(FORWARDED, "")
    subject = subject_of(request)
    if is_ip_address(forwarded):
        return AuditRecord(subject=subject, address=forwarded, via=connected)
    return AuditRecord(subject=subject, address=connected)


def subject_of(request: Any) -> str:
    """Return the name of the resource that a request is about, or the empty string."""
    if hasattr(request, "update_mask"):
        resources = (value for _, value in request.ListFields() if hasattr(value, "name"))
        return str(getattr(next(resources, None), "name", ""))
    return str(getattr(request, "name", ""))


def host_of(peer: str) -> str:
    """Return the IP address in `ipv4:127.0.0.1:50051` or `ipv6:[::1]:50051`, else empty text."""
    _, _, rest = peer.partition(":")
    host = rest.rpartition(":")[0].replace("%5B", "[").replace("%5D", "]").strip("[]")
    return host if is_ip_address(host) else ""


def is_ip_address(text: str) -> bool:
    """True if the text is an IPv4 or IPv6 address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def log_fields(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the log fields of an event that is lost."""
    names = ("subject", "actor", "request_id", "data")
    return {name: row[name] for name in names} | {"time": row["time"].isoformat()}
