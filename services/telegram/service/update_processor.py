"""Processing of stored updates, with retries."""

from collections.abc import Sequence
from datetime import timedelta

import grpc
import structlog

from services.kernel.clock import Clock
from services.kernel.database.database import Database
from services.kernel.errors import InvalidArgumentError, UnavailableError, invalid
from services.kernel.events.event import Category, Level, NewEvent
from services.kernel.events.outbox import Outbox
from services.kernel.status import describe_error
from services.telegram import storage, text
from services.telegram.domain.updates import (
    PRE_CHECKOUT,
    TRIES_MAX,
    LeasedUpdate,
    retry_seconds,
)
from services.telegram.service.update_handler import UpdateHandler

RETENTION = timedelta(days=30)
TRANSIENT_CODES = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED})

log = structlog.get_logger()


class UpdateProcessor:
    """Leases stored updates and passes them to the handler."""

    def __init__(
        self, database: Database, clock: Clock, outbox: Outbox, handler: UpdateHandler
    ) -> None:
        self._database = database
        self._clock = clock
        self._outbox = outbox
        self._handler = handler

    async def lease_updates(self, limit: int, *, urgent: bool) -> Sequence[LeasedUpdate]:
        """Lease updates that are due, oldest first, at most one per chat.

        A lease lasts 30 seconds; other processes cannot lease the update during that time.
        """
        async with self._database.transaction() as connection:
            now = self._clock.now()
            return await storage.lease_updates(connection, now, limit, urgent=urgent)

    async def process_update(self, update: LeasedUpdate) -> None:
        """Handle an update. On failure schedule a retry, or mark it FAILED and publish an event."""
        log.info("update.handle", update=update.id, kind=update.kind, attempt=update.tries)
        try:
            await self._handle(update)
        except Exception as error:  # noqa: BLE001 - a malformed update can fail in any way
            await self._postpone(update, error)
            return
        async with self._database.transaction() as connection:
            await storage.mark_update_done(connection, update.id)

    async def delete_old_updates(self) -> None:
        """Delete updates that are done and older than 30 days, except those of payments."""
        async with self._database.transaction() as connection:
            await storage.delete_updates(connection, self._clock.now() - RETENTION)

    async def _handle(self, update: LeasedUpdate) -> None:
        if update.expired(self._clock.now()):
            raise invalid(PRE_CHECKOUT, text.TOO_LATE)
        await self._handler.handle_update(update.body)

    async def _postpone(self, update: LeasedUpdate, error: Exception) -> None:
        """Schedule a retry, or give up after 5 attempts. Transient errors are retried forever."""
        reason, transient = describe_error(error), is_transient(error)
        log.warning("update.failed", update=update.id, attempt=update.tries, error=reason)
        invalid_update = isinstance(error, InvalidArgumentError)
        if invalid_update or (not transient and update.tries >= TRIES_MAX):
            await self._give_up(update, reason)
            return
        due = self._clock.now() + timedelta(seconds=retry_seconds(update.tries))
        tries = update.tries - 1 if transient else update.tries
        async with self._database.transaction() as connection:
            await storage.reschedule_update(connection, update.id, due, tries, reason)

    async def _give_up(self, update: LeasedUpdate, reason: str) -> None:
        event = NewEvent(
            "telegram.failed",
            Category.TELEGRAM,
            subject=f"updates/{update.id}",
            level=Level.ERROR,
            data={"kind": update.kind, "error": reason},
        )
        async with self._database.transaction() as connection:
            if await storage.mark_update_failed(connection, update.id, reason):
                await self._outbox.publish(connection, event)


def is_transient(error: Exception) -> bool:
    """True if the error means that Telegram or another service is unavailable."""
    if isinstance(error, grpc.aio.AioRpcError):
        return error.code() in TRANSIENT_CODES
    return isinstance(error, UnavailableError)
