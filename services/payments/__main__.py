"""Runs the payments service."""

import os

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # gRPC reads it when it is imported.

from services.kernel.server import Kernel, ServiceDefinition, run
from services.payments.adapters import TelegramClient
from services.payments.config import PaymentsSettings
from services.payments.service.bookkeeping import PaymentWriter
from services.payments.service.ledger import LedgerService
from services.payments.service.payments import PaymentService
from services.payments.service.reconciliations import ReconciliationService
from services.payments.service.refunds import RefundService
from services.payments.servicer.ledger import LedgerServicer
from services.payments.servicer.payments import PaymentServicer
from services.payments.servicer.reconciliations import ReconciliationServicer
from services.payments.workers import RefundWorker


async def build(kernel: Kernel) -> ServiceDefinition:
    settings = PaymentsSettings.read(kernel.environment)
    database, clock = kernel.database, kernel.clock
    telegram = TelegramClient(kernel.channels.get_channel(settings.telegram_target))
    writer = PaymentWriter(kernel.outbox, clock)
    refund_service = RefundService(database, clock, writer, telegram)
    payment_service = PaymentService(database, clock, writer, settings.zone)
    payments = PaymentServicer(payment_service, refund_service, kernel.idempotency, clock)
    ledger = LedgerServicer(LedgerService(database, clock))
    reconciliation_service = ReconciliationService(database, clock, telegram)
    reconciliations = ReconciliationServicer(reconciliation_service, kernel.idempotency)
    return ServiceDefinition(
        services=[payments, ledger, reconciliations],
        tasks=(RefundWorker(refund_service).run,),
    )


if __name__ == "__main__":
    run("payments", build)
