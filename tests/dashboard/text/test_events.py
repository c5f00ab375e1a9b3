from libral.events.v1 import events_pb2

from dashboard import text
from tests.dashboard.text.enums import names_of


def test_all_categories_have_a_text():
    assert text.events.CATEGORIES.keys() == names_of(events_pb2.Event.Category)


def test_all_levels_have_a_text():
    assert text.events.LEVELS.keys() == names_of(events_pb2.Event.Level)
