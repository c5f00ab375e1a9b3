"""Receipt of updates. Each is stored before the webhook call is acknowledged."""

import asyncio

from services.kernel.clock import Clock
from services.kernel.database.database import Database
from services.telegram import storage
from services.telegram.domain.bot import bot_unconfigured
from services.telegram.domain.updates import UpdateCounts, check_secret, parse_update


class UpdateInbox:
    """Stores updates and signals their arrival. Without a webhook secret it refuses updates."""

    def __init__(self, database: Database, clock: Clock, webhook_secret: str | None) -> None:
        self._database = database
        self._clock = clock
        self._webhook_secret = webhook_secret
        self.urgent_arrived = asyncio.Event()
        self.regular_arrived = asyncio.Event()

    async def receive_update(self, secret: str, content: bytes) -> None:
        """Store the update in the body of a webhook call, unless it is already stored.

        Raises:
            FailedPreconditionError: The bot is not configured.
            UnauthenticatedError: The secret is wrong.
            InvalidArgumentError: The body is not an update.
        """
        if self._webhook_secret is None:
            raise bot_unconfigured()
        check_secret(secret, self._webhook_secret)
        update = parse_update(content)
        async with self._database.transaction() as connection:
            await storage.insert_update(connection, update, self._clock.now())
        (self.urgent_arrived if update.urgent else self.regular_arrived).set()

    async def count_updates(self) -> UpdateCounts:
        async with self._database.reading() as connection:
            return await storage.count_updates(connection)
