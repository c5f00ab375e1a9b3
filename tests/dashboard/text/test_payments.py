from libral.payments.v1 import payments_pb2

from dashboard import text
from tests.dashboard.text.enums import names_of


def test_all_states_have_a_text():
    assert text.payments.STATES.keys() == names_of(payments_pb2.Payment.State)


def test_all_providers_have_a_text():
    assert text.payments.PROVIDERS.keys() == names_of(payments_pb2.Payment.Provider)
