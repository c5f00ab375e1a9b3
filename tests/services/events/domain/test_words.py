import pytest

from services.events.domain.words import Query, normal, number, query_violations, runs, words_of
from services.events.servicer.event_messages import parse_entry
from tests.services.events.helpers import make_event


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("ｔａｒｏ", True),
        ("TARO", True),
        ("tar", False),
        ("田太", True),
        ("太", True),
        ("太田", False),
        ("カナ", True),
        ("user created taro", True),
        ("line two", True),
        ("nline", False),
    ],
)
def test_words(query, found):
    event = make_event(subject="users/taro")
    event.data.update({"name": "山田太郎ｶﾅ", "text": "line\nline two"})
    entry = parse_entry(event, "event")
    parsed = Query.parse(query)
    assert parsed.finds(entry) is found
    if found:
        index = words_of([entry])
        assert {number(word) for word in parsed.indexed()} <= index


def test_runs_of_mixed_text():
    mixed = normal("Café7漢字abc_日・本 É-ΩЖ x")
    assert runs(mixed) == ["café7", "漢字", "abc", "日・本", "é", "ωж", "x"]


def test_a_query_needs_a_word():
    assert [one.field for one in query_violations("%_ -")] == ["query"]
    assert [one.field for one in query_violations("x" * 257)] == ["query"]
    assert query_violations("") == []
