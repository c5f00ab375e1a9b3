from libral.users.v1 import users_pb2

from dashboard import text
from tests.dashboard.text.enums import names_of


def test_all_states_have_a_text():
    assert text.users.STATES.keys() == names_of(users_pb2.User.State)
