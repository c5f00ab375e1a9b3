"""ReconciliationService."""

from libral.payments.v1 import payments_pb2, payments_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kernel.calls import set_audit_subject
from services.kernel.rpc.idempotency import IdempotencyStore
from services.payments.service.reconciliations import ReconciliationService
from services.payments.servicer.messages import (
    Context,
    cursor_of,
    reconciliation_message,
    time_cursor,
    time_page,
)


class ReconciliationServicer(payments_pb2_grpc.ReconciliationServiceServicer):
    """Serves comparisons with Telegram's statement."""

    def __init__(self, service: ReconciliationService, idempotency: IdempotencyStore) -> None:
        self._service = service
        self._idempotency = idempotency

    async def CreateReconciliation(
        self, request: payments_pb2.CreateReconciliationRequest, context: Context
    ) -> payments_pb2.Reconciliation:
        result = await self._service.compare_now()

        async def store(connection: AsyncConnection) -> payments_pb2.Reconciliation:
            set_audit_subject(result.name)
            await self._service.store_reconciliation(connection, result)
            return reconciliation_message(result)

        return await self._idempotency.run_once(request, payments_pb2.Reconciliation, store)

    async def ListReconciliations(
        self, request: payments_pb2.ListReconciliationsRequest, context: Context
    ) -> payments_pb2.ListReconciliationsResponse:
        page = time_page(request)
        found = await self._service.list_reconciliations(time_cursor(page), page.limit)
        shown, token = page.split_page(found, cursor_of)
        return payments_pb2.ListReconciliationsResponse(
            reconciliations=map(reconciliation_message, shown), next_page_token=token
        )
