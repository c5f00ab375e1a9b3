"""Acts on kept updates, each to its end, and keeps an eye on the bot."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import grpc
import structlog

from services.kernel.errors import (
    InvalidArgumentError,
    LibralError,
    UnavailableError,
    invalid,
)
from services.kernel.events.event import Category, Level, NewEvent
from services.kernel.server import Kernel
from services.kernel.status import describe
from services.telegram import storage, text
from services.telegram.adapters import BotApi, Profile
from services.telegram.domain import (
    PRE_CHECKOUT,
    PRE_CHECKOUT_SECONDS,
    TRIES_MAX,
    KeptUpdate,
    UpdateState,
    retry_seconds,
)
from services.telegram.handlers import Handlers

AT_ONCE = 8
IDLE_SECONDS = 1.0
CHECK_SECONDS = 30.0
FORGET_SECONDS = 3600.0
KEPT = timedelta(days=30)
AWAY = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED})

log = structlog.get_logger()


class Worker:
    """Works through the kept updates. Questions before a payment have a lane of their own."""

    def __init__(self, kernel: Kernel, handlers: Handlers) -> None:
        self._kernel = kernel
        self._handlers = handlers
        self._wake = {True: asyncio.Event(), False: asyncio.Event()}

    def wake(self, kind: str) -> None:
        """Tells the lane of `kind` that an update has come."""
        self._wake[kind == PRE_CHECKOUT].set()

    async def run_urgent(self) -> None:
        await self._run(urgent=True)

    async def run_usual(self) -> None:
        await self._run(urgent=False)

    async def forget(self) -> None:
        """Deletes old updates, but those about money."""
        while True:
            async with self._kernel.database.transaction() as connection:
                await storage.forget_updates(connection, self._kernel.clock.now(), KEPT)
            await asyncio.sleep(FORGET_SECONDS)

    async def _run(self, *, urgent: bool) -> None:
        """Keeps up to 8 updates in work: none waits for another to come to its end."""
        wake = self._wake[urgent]
        working: set[asyncio.Task[None]] = set()
        try:
            while True:
                wake.clear()
                async with self._kernel.database.transaction() as connection:
                    now, room = self._kernel.clock.now(), AT_ONCE - len(working)
                    updates = await storage.lease_updates(connection, now, room, urgent=urgent)
                working |= {asyncio.create_task(self._work(update)) for update in updates}
                working = await self._wait(working, wake)
        except LibralError:
            # What was begun is brought to its end before the lane starts anew.
            await asyncio.gather(*working, return_exceptions=True)
            raise
        finally:
            for task in working:
                task.cancel()

    async def _wait(
        self, working: set[asyncio.Task[None]], wake: asyncio.Event
    ) -> set[asyncio.Task[None]]:
        """Waits until an update is done with, or may be taken. Tells those still in work."""
        waking = {asyncio.create_task(wake.wait())} if len(working) < AT_ONCE else set[Any]()
        awaited = working | waking
        done, _ = await asyncio.wait(
            awaited, timeout=IDLE_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        for task in waking:
            task.cancel()
        for task in done & working:
            task.result()
        return working - done

    async def _work(self, update: KeptUpdate) -> None:
        log.info("update.handle", update=update.id, kind=update.kind, attempt=update.tries)
        try:
            self._refuse_late(update)
            await self._handlers.handle(update.body)
        except Exception as error:  # noqa: BLE001 - a poison update fails in any way it likes
            await self._postpone(update, error)
            return
        async with self._kernel.database.transaction() as connection:
            await storage.change_update(connection, update.id, state=UpdateState.DONE, error="")

    def _refuse_late(self, update: KeptUpdate) -> None:
        """Leaves a question alone that Telegram has given up by now."""
        age = (self._kernel.clock.now() - update.receive_time).total_seconds()
        if update.kind == PRE_CHECKOUT and age > PRE_CHECKOUT_SECONDS:
            raise invalid(PRE_CHECKOUT, text.TOO_LATE)

    async def _postpone(self, update: KeptUpdate, error: Exception) -> None:
        """Tries again later: for as long as something is away, else 5 times."""
        reason = describe(error)
        hopeless = isinstance(error, InvalidArgumentError)
        failed = hopeless or (not is_away(error) and update.tries >= TRIES_MAX)
        log.warning("update.failed", update=update.id, attempt=update.tries, error=reason)
        async with self._kernel.database.transaction() as connection:
            if not failed:
                due = self._kernel.clock.now() + timedelta(seconds=retry_seconds(update.tries))
                tries = update.tries - 1 if is_away(error) else update.tries
                await storage.change_update(
                    connection, update.id, due_time=due, tries=tries, error=reason
                )
                return
            state = UpdateState.FAILED
            if await storage.change_update(connection, update.id, state=state, error=reason):
                event = NewEvent(
                    "telegram.failed",
                    Category.TELEGRAM,
                    subject=f"updates/{update.id}",
                    level=Level.ERROR,
                    data={"kind": update.kind, "error": reason},
                )
                await self._kernel.outbox.publish(connection, event)


def is_away(error: Exception) -> bool:
    if isinstance(error, grpc.aio.AioRpcError):
        return error.code() in AWAY
    return isinstance(error, UnavailableError)


class Watcher:
    """Asks the Bot API now and then who the bot is."""

    def __init__(self, kernel: Kernel, api: BotApi) -> None:
        self._kernel = kernel
        self._api = api
        self.profile: Profile | None = None
        self.problem = ""
        self.time: datetime | None = None

    async def run(self) -> None:
        while True:
            await self.check()
            await asyncio.sleep(CHECK_SECONDS)

    async def check(self) -> None:
        try:
            self.profile = await self._api.get_profile()
            self.problem = ""
        except LibralError as error:
            self.problem = error.localized or error.message
        self.time = self._kernel.clock.now()
