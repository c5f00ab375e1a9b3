"""The services of the payments room: contract ↔ domain."""

from services.payments.servicer.ledger import LedgerServicer
from services.payments.servicer.payments import PaymentServicer
from services.payments.servicer.reconciliations import ReconciliationServicer

__all__ = ["LedgerServicer", "PaymentServicer", "ReconciliationServicer"]
