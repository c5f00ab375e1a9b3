from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kernel.money import EXPONENTS
from services.payments.domain.ledger import (
    Account,
    AccountType,
    Balance,
    Journal,
    Posting,
    payment_postings,
    refund_postings,
)
from tests.services.payments.helpers import NOW, payment


@given(st.integers(1, 10**15), st.sampled_from(sorted(EXPONENTS)))
def test_journals_sum_to_zero(amount, currency):
    paid = payment(amount=amount, currency=currency)
    for postings in (payment_postings(paid), refund_postings(paid)):
        assert sum(posting.amount for posting in postings) == 0
        assert all(posting.amount for posting in postings)
        Journal(UUID(int=1), paid, "payment", postings, NOW)


def test_a_journal_that_does_not_sum_to_zero():
    posting = Posting("telegram-xtr", AccountType.ASSET, 100)
    with pytest.raises(ValueError, match="sum to zero"):
        Journal(UUID(int=1), payment(), "payment", [posting], NOW)


def test_a_refund_reverses_the_asset_of_its_payment():
    paid = {one.account: one.amount for one in payment_postings(payment())}
    returned = {one.account: one.amount for one in refund_postings(payment())}
    assert paid == {"telegram-xtr": 100, "sales-xtr": -100}
    assert returned == {"telegram-xtr": -100, "refunds-xtr": 100}


def test_a_balance_is_debits_minus_credits():
    account = Account("telegram-xtr", AccountType.ASSET, "XTR", NOW)
    assert Balance(account, debits=100, credits=30, as_of=NOW).amount == 70
