"""The outbox: a table of events, each inserted in the transaction of its change."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kernel.calls import CallContext, current_call
from services.kernel.clock import Clock, new_id
from services.kernel.database.tables import KernelTables
from services.kernel.errors import InvalidArgumentError
from services.kernel.events.event import NewEvent, event_violations


class Outbox:
    """Inserts events in the transaction of the change that they describe."""

    def __init__(self, tables: KernelTables, clock: Clock) -> None:
        self._table = tables.outbox
        self._clock = clock

    async def publish(self, connection: AsyncConnection, event: NewEvent) -> None:
        """Insert an event. It reaches the log after the commit of the connection's transaction.

        Its request id is that of the current call.

        Raises:
            InvalidArgumentError: The event breaks a rule of the log.
        """
        await self.insert_rows(connection, [self.make_row(event, current_call())])

    def make_row(self, event: NewEvent, call: CallContext) -> dict[str, Any]:
        """Return the row of an event that `call` caused, by column name.

        Raises:
            InvalidArgumentError: The event breaks a rule of the log.
        """
        texts = {
            "type": event.type,
            "subject": event.subject,
            "actor": call.caller.subject if event.actor is None else event.actor,
            "request_id": call.request_id,
        }
        if found := event_violations(event, texts):
            raise InvalidArgumentError(found)
        return {
            **texts,
            "id": new_id(self._clock),
            "category": event.category,
            "level": event.level,
            "time": self._clock.now(),
            "data": dict(event.data),
        }

    async def insert_rows(
        self, connection: AsyncConnection, rows: Sequence[dict[str, Any]]
    ) -> None:
        """Insert rows of `make_row`."""
        await connection.execute(insert(self._table), rows)
