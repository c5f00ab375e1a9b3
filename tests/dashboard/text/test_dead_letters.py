from libral.events.v1 import events_pb2

from dashboard import text
from tests.dashboard.text.enums import names_of


def test_all_states_have_a_text():
    assert text.dead_letters.STATES.keys() == names_of(events_pb2.DeadLetter.State)
