import pytest

from services.events.domain.filters import EventFilter
from services.events.domain.words import EventQuery
from tests.services.events.helpers import MORNING, SAMPLE


@pytest.mark.parametrize(
    ("wanted", "accepted"),
    [
        (EventFilter(), True),
        (EventFilter(categories=(1, 2)), True),
        (EventFilter(categories=(1,)), False),
        (EventFilter(types=("user.created",)), True),
        (EventFilter(types=("user.deleted",)), False),
        (EventFilter(min_level=2), True),
        (EventFilter(min_level=3), False),
        (EventFilter(categories=(2,), types=("user.deleted",)), False),
    ],
)
def test_what_a_stream_accepts(wanted, accepted):
    assert wanted.accepts(SAMPLE) is accepted


def test_only_an_empty_filter_accepts_all():
    assert EventFilter().accepts_all
    assert not EventFilter(user="users/1").accepts_all
    assert not EventFilter(start_time=MORNING).accepts_all


def test_a_filter_with_words_has_a_query():
    assert EventFilter(query=EventQuery.parse("a")).has_query
    assert not EventFilter(subject="a", query=EventQuery.parse("")).has_query


def test_index_words_must_all_be_held():
    wanted = EventFilter(source="users", user="users/1", query=EventQuery.parse("taro 支払い"))
    assert wanted.index_words() == ["taro", "支払", "払い", "source=users", "user=users/1"]
    assert EventFilter(categories=(1,)).index_words() == []


def test_index_choices_are_one_group_a_field():
    wanted = EventFilter(categories=(1, 3), types=("a.b",), min_level=3)
    assert wanted.index_choices() == [
        ["category=1", "category=3"],
        ["type=a.b"],
        ["level=3", "level=4"],
    ]
    assert EventFilter(min_level=1).index_choices() == []
