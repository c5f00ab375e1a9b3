"""Processing stored updates: each is handled to its end, retried or given up."""

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
    """Leases stored updates and handles them."""

    def __init__(
        self, database: Database, clock: Clock, outbox: Outbox, handler: UpdateHandler
    ) -> None:
        self._database = database
        self._clock = clock
        self._outbox = outbox
        self._handler = handler

    async def lease(self, limit: int, *, urgent: bool) -> Sequence[LeasedUpdate]:
        """Return updates that are due, oldest first and at most one of a chat.

        No other process gets them for 30 seconds.
        """
        async with self._database.transaction() as connection:
            now = self._clock.now()
            return await storage.lease_updates(connection, now, limit, urgent=urgent)

    async def process(self, update: LeasedUpdate) -> None:
        """Handle an update. One that fails is retried, or becomes FAILED with an event."""
        log.info("update.handle", update=update.id, kind=update.kind, attempt=update.tries)
        try:
            await self._handle(update)
        except Exception as error:  # noqa: BLE001 - a malformed update can fail in any way
            await self._postpone(update, error)
            return
        async with self._database.transaction() as connection:
            await storage.mark_done(connection, update.id)

    async def delete_old_updates(self) -> None:
        """Delete updates that were done 30 days ago, except those about money."""
        async with self._database.transaction() as connection:
            await storage.delete_updates(connection, self._clock.now() - RETENTION)

    async def _handle(self, update: LeasedUpdate) -> None:
        if update.expired(self._clock.now()):
            raise invalid(PRE_CHECKOUT, text.TOO_LATE)
        await self._handler.handle(update.body)

    async def _postpone(self, update: LeasedUpdate, error: Exception) -> None:
        """Schedule a retry, or give up after 5 tries. Transient errors are retried forever."""
        reason, transient = describe_error(error), is_transient(error)
        log.warning("update.failed", update=update.id, attempt=update.tries, error=reason)
        hopeless = isinstance(error, InvalidArgumentError)
        if hopeless or (not transient and update.tries >= TRIES_MAX):
            await self._give_up(update, reason)
            return
        due = self._clock.now() + timedelta(seconds=retry_seconds(update.tries))
        tries = update.tries - 1 if transient else update.tries
        async with self._database.transaction() as connection:
            await storage.reschedule(connection, update.id, due, tries, reason)

    async def _give_up(self, update: LeasedUpdate, reason: str) -> None:
        event = NewEvent(
            "telegram.failed",
            Category.TELEGRAM,
            subject=f"updates/{update.id}",
            level=Level.ERROR,
            data={"kind": update.kind, "error": reason},
        )
        async with self._database.transaction() as connection:
            if await storage.mark_failed(connection, update.id, reason):
                await self._outbox.publish(connection, event)


def is_transient(error: Exception) -> bool:
    """True if the cause is a service or Telegram that does not answer."""
    if isinstance(error, grpc.aio.AioRpcError):
        return error.code() in TRANSIENT_CODES
    return isinstance(error, UnavailableError)
