"""Runs the payments room."""

import os

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # gRPC reads it when it is imported.


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
        services=[payments, ledger, reconciliations],
        tasks=(bookkeeper.run,),
    )


if __name__ == "__main__":
    run("payments", build)
