"""The idempotency store: a repeated request gets the first response (AIP-155)."""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Protocol, TypeVar
from uuid import UUID

from google.protobuf import message
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kernel.calls import current_call
from services.kernel.clock import Clock
from services.kernel.database.database import Database
from services.kernel.database.tables import KernelTables
from services.kernel.errors import AlreadyExistsError, invalid

RETENTION = timedelta(days=7)

Response = TypeVar("Response", bound=message.Message)


class IdempotentRequest(Protocol):
    """A request message with a `request_id`: a UUID, or the empty string."""

    request_id: str

    def SerializeToString(self, *, deterministic: bool = ...) -> bytes:  # noqa: N802 - protobuf's name
        """Return the message in wire format."""
        ...


class IdempotencyStore:
    """The responses of a service's methods, stored for 7 days by caller and request id."""

    def __init__(self, database: Database, tables: KernelTables, clock: Clock) -> None:
        self._database = database
        self._table = tables.responses
        self._clock = clock

    async def run_once(
        self,
        request: IdempotentRequest,
        response_type: type[Response],
        work: Callable[[AsyncConnection], Awaitable[Response]],
    ) -> Response:
        """Run `work` in a transaction, once for each `request_id` of a caller and method.

        Return its response, or that of the first request with the same id. A request without an id
        always runs. If `work` raises, nothing is stored.

        Raises:
            InvalidArgumentError: `request_id` is no UUID.
            AlreadyExistsError: `request_id` was used before with other arguments.
        """
        if not request.request_id:
            async with self._database.transaction() as connection:
                return await work(connection)
        key = self._key(request.request_id)
        request_hash = hashlib.sha256(request.SerializeToString(deterministic=True)).digest()
        async with self._database.transaction() as connection:
            row = insert(self._table).values(
                **key, request_hash=request_hash, create_time=self._clock.now()
            )
            first = await connection.execute(row.on_conflict_do_nothing())
            if first.rowcount == 0:
                return await self._read_response(connection, key, request_hash, response_type)
            response = await work(connection)
            await connection.execute(
                update(self._table).filter_by(**key).values(answer=response.SerializeToString())
            )
            return response

    async def _read_response(
        self,
        connection: AsyncConnection,
        key: dict[str, str],
        request_hash: bytes,
        response_type: type[Response],
    ) -> Response:
        query = select(self._table.c.request_hash, self._table.c.answer).filter_by(**key)
        row = (await connection.execute(query)).one()
        if row.request_hash != request_hash:
            raise AlreadyExistsError(
                "REQUEST_ID_REUSED",
                "request_id was used before with other arguments.",
                metadata={"request_id": key["request_id"]},
            )
        response = response_type.FromString(row.answer)
        if (audit := current_call().audit) is not None:
            audit.repeated = True
            audit.subject = audit.subject or str(getattr(response, "name", ""))
        return response

    async def delete_expired(self) -> None:
        """Delete responses that are older than 7 days."""
        oldest = self._clock.now() - RETENTION
        async with self._database.transaction() as connection:
            await connection.execute(delete(self._table).where(self._table.c.create_time < oldest))

    def _key(self, request_id: str) -> dict[str, str]:
        try:
            canonical = str(UUID(request_id))
        except ValueError:
            raise invalid("request_id", "It is no UUID.") from None
        call = current_call()
        return {"method": call.method, "caller": call.caller.subject, "request_id": canonical}
