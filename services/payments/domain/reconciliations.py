"""Reconciliation: comparing the ledger with Telegram's statement of Star transactions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.payments.domain.payments import PaymentState

DIFFERENCES_MAX = 1000


@dataclass(frozen=True)
class StatementEntry:
    """A transaction of the statement. A refund has the id of the charge that it returns."""

    id: str
    amount: int
    incoming: bool


@dataclass(frozen=True)
class StarPayment:
    """A payment in Stars in the ledger."""

    amount: int
    state: PaymentState


@dataclass(frozen=True)
class Difference:
    """A charge that differs between ledger and statement. Amounts are in Stars, 0 if absent."""

    charge_id: str
    problem: str
    telegram_amount: int
    ledger_amount: int


@dataclass(frozen=True)
class Reconciliation:
    """The result of one comparison, with at most `DIFFERENCES_MAX` differences."""

    id: UUID
    create_time: datetime
    transaction_count: int
    differences: Sequence[Difference]

    @property
    def name(self) -> str:
        return f"reconciliations/{self.id}"


def compare_statement(
    statement: Sequence[StatementEntry], ledger: Mapping[str, StarPayment]
) -> list[Difference]:
    """Return the differences, ordered by charge id. `ledger` holds payments by charge id."""
    paid = {one.id: one.amount for one in statement if one.incoming}
    returned = {one.id: one.amount for one in statement if not one.incoming and one.id in paid}
    found = [*compare_paid(paid, returned, ledger)]
    for charge in ledger.keys() - paid.keys():
        problem = "Telegram has no such payment."
        found.append(Difference(charge, problem, 0, ledger[charge].amount))
    return sorted(found, key=lambda one: one.charge_id)


def compare_paid(
    paid: Mapping[str, int], returned: Mapping[str, int], ledger: Mapping[str, StarPayment]
) -> Iterator[Difference]:
    """Yield the differences of the charges in the statement."""
    for charge, stars in paid.items():
        own = ledger.get(charge)
        if own is None:
            yield Difference(charge, "The ledger has no such payment.", stars, 0)
        elif own.amount != stars:
            yield Difference(charge, "The amounts differ.", stars, own.amount)
        elif (charge in returned) != (own.state == PaymentState.REFUNDED):
            problem = "Only one side has the refund."
            yield Difference(charge, problem, returned.get(charge, 0), own.amount)
