import pytest

from services.payments.domain.payments import PaymentState
from services.payments.domain.reconciliations import (
    Difference,
    StarPayment,
    StatementEntry,
    compare_statement,
)


def test_reconciliation_finds_every_kind_of_difference():
    statement = [
        StatementEntry("same", 5, incoming=True),
        StatementEntry("missing", 5, incoming=True),
        StatementEntry("amount", 5, incoming=True),
        StatementEntry("refunded", 5, incoming=True),
        StatementEntry("refunded", 5, incoming=False),
    ]
    ledger = {
        "same": StarPayment(5, PaymentState.COMPLETED),
        "amount": StarPayment(6, PaymentState.COMPLETED),
        "refunded": StarPayment(5, PaymentState.COMPLETED),
        "extra": StarPayment(7, PaymentState.COMPLETED),
    }
    found = {one.charge_id: one.problem for one in compare_statement(statement, ledger)}
    assert found.keys() == {"missing", "amount", "refunded", "extra"}
    assert compare_statement(statement, ledger) == [
        Difference("amount", "The amounts differ.", 5, 6),
        Difference("extra", "Telegram has no such payment.", 0, 7),
        Difference("missing", "The ledger has no such payment.", 5, 0),
        Difference("refunded", "Only one side has the refund.", 5, 5),
    ]


@pytest.mark.parametrize(
    "state", [PaymentState.COMPLETED, PaymentState.REFUND_PENDING, PaymentState.REFUNDED]
)
def test_a_refund_must_be_on_both_sides(state):
    paid = StatementEntry("charge", 5, incoming=True)
    returned = StatementEntry("charge", 5, incoming=False)
    ledger = {"charge": StarPayment(5, state)}
    assert bool(compare_statement([paid], ledger)) == (state == PaymentState.REFUNDED)
    assert bool(compare_statement([paid, returned], ledger)) == (state != PaymentState.REFUNDED)


def test_outgoing_transactions_without_a_charge_are_ignored():
    assert compare_statement([StatementEntry("withdrawal", 500, incoming=False)], {}) == []
