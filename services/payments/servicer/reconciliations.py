"""ReconciliationService: the ledger beside Telegram's own statement."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import grpc
from libral.payments.v1 import payments_pb2, payments_pb2_grpc
from libral.telegram.v1 import telegram_pb2, telegram_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kernel.calls import audit_subject
from services.kernel.clock import new_id
from services.kernel.errors import FailedPreconditionError
from services.kernel.messages import page_size
from services.kernel.server import Kernel
from services.kernel.status import reason_of
from services.payments import storage
from services.payments.domain import State
from services.payments.servicer.messages import Context, next_token, stamp, time_cursor

PAGE = 100
TRANSACTIONS_MAX = 100_000
DIFFERENCES_MAX = 1000


class ReconciliationServicer(payments_pb2_grpc.ReconciliationServiceServicer):
    """Serves comparisons with Telegram's statement."""

    def __init__(self, kernel: Kernel, telegram: grpc.aio.Channel) -> None:
        self._kernel = kernel
        self._telegram = telegram_pb2_grpc.TelegramServiceStub(telegram)

    async def CreateReconciliation(
        self, request: payments_pb2.CreateReconciliationRequest, context: Context
    ) -> payments_pb2.Reconciliation:
        statement = [one async for one in self._statement()]
        async with self._kernel.database.reading() as connection:
            ledger = await storage.read_stars(connection)
        differences = compare(statement, ledger)[:DIFFERENCES_MAX]
        values: dict[str, Any] = {
            "id": new_id(self._kernel.clock),
            "create_time": self._kernel.clock.now(),
            "transaction_count": len(statement),
            "differences": differences,
        }

        async def work(connection: AsyncConnection) -> payments_pb2.Reconciliation:
            audit_subject(f"reconciliations/{values['id']}")
            await storage.insert_reconciliation(connection, **values)
            return reconciliation_message(values)

        return await self._kernel.answers.once(request, payments_pb2.Reconciliation, work)

    async def ListReconciliations(
        self, request: payments_pb2.ListReconciliationsRequest, context: Context
    ) -> payments_pb2.ListReconciliationsResponse:
        size, before = page_size(request), time_cursor(request)
        async with self._kernel.database.reading() as connection:
            rows = await storage.list_reconciliations(connection, before, size + 1)
        response = payments_pb2.ListReconciliationsResponse(
            reconciliations=[reconciliation_message(dict(row)) for row in rows[:size]]
        )
        if len(rows) > size:
            last = rows[size - 1]
            response.next_page_token = next_token(request, last["create_time"], last["id"])
        return response

    async def _statement(self) -> AsyncIterator[telegram_pb2.StarTransaction]:
        for offset in range(0, TRANSACTIONS_MAX, PAGE):
            request = telegram_pb2.ListStarTransactionsRequest(offset=offset, limit=PAGE)
            try:
                page = await self._telegram.ListStarTransactions(request)
            except grpc.aio.AioRpcError as error:
                if error.code() != grpc.StatusCode.FAILED_PRECONDITION:
                    raise
                raise FailedPreconditionError(
                    reason_of(error) or "STATEMENT_UNAVAILABLE",
                    f"Telegram gives no statement: {error.details()}",
                    localized="Telegramの取引明細を取得できません。",
                ) from None
            for transaction in page.transactions:
                yield transaction
            if len(page.transactions) < PAGE:
                return


def compare(
    statement: list[telegram_pb2.StarTransaction], ledger: Mapping[str, tuple[int, State]]
) -> list[dict[str, Any]]:
    """Lists what one side has and the other has not, or has otherwise."""
    paid = {one.id: one.amount for one in statement if one.incoming}
    returned = {one.id: one.amount for one in statement if not one.incoming and one.id in paid}
    found: list[dict[str, Any]] = []

    def differ(charge: str, problem: str, telegram: int, own: int) -> None:
        found.append({"id": charge, "problem": problem, "telegram": telegram, "ledger": own})

    for charge, stars in paid.items():
        if charge not in ledger:
            differ(charge, "The ledger has no such payment.", stars, 0)
        elif ledger[charge][0] != stars:
            differ(charge, "The amounts differ.", stars, ledger[charge][0])
        elif (charge in returned) != (ledger[charge][1] == State.REFUNDED):
            problem = "Only one side has the refund."
            differ(charge, problem, returned.get(charge, 0), ledger[charge][0])
    for charge in ledger.keys() - paid.keys():
        differ(charge, "Telegram has no such payment.", 0, ledger[charge][0])
    return sorted(found, key=lambda one: str(one["id"]))


def reconciliation_message(row: Mapping[str, Any]) -> payments_pb2.Reconciliation:
    return payments_pb2.Reconciliation(
        name=f"reconciliations/{row['id']}",
        create_time=stamp(row["create_time"]),
        transaction_count=row["transaction_count"],
        differences=[
            payments_pb2.Reconciliation.Difference(
                transaction_id=one["id"],
                problem=one["problem"],
                telegram_amount=one["telegram"],
                ledger_amount=one["ledger"],
            )
            for one in row["differences"]
        ],
    )
