"""Runs the payments room."""

from libral.payments.v1 import payments_pb2_grpc as contract

from services.kernel.server import Kernel, Room, run
from services.payments.config import PaymentsSettings
from services.payments.servicer import LedgerServicer, PaymentServicer, ReconciliationServicer
from services.payments.worker import Bookkeeper


async def build(kernel: Kernel) -> Room:
    settings = PaymentsSettings.read(kernel.environment)
    telegram = kernel.peers.channel(settings.telegram_target)
    bookkeeper = Bookkeeper(kernel, telegram)
    payments = PaymentServicer(kernel, bookkeeper, settings.zone)
    ledger = LedgerServicer(kernel.database, kernel.clock)
    reconciliations = ReconciliationServicer(kernel, telegram)
    return Room(
        services={
            "libral.payments.v1.PaymentService": lambda server: (
                contract.add_PaymentServiceServicer_to_server(payments, server)
            ),
            "libral.payments.v1.LedgerService": lambda server: (
                contract.add_LedgerServiceServicer_to_server(ledger, server)
            ),
            "libral.payments.v1.ReconciliationService": lambda server: (
                contract.add_ReconciliationServiceServicer_to_server(reconciliations, server)
            ),
        },
        tasks=(bookkeeper.run,),
    )


if __name__ == "__main__":
    run("payments", build)
