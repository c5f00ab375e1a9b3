import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.events.domain.words import (
    EventQuery,
    QueryTerm,
    facet_words,
    hash_word,
    normalize_text,
    query_violations,
    searchable_text,
    split_runs,
    users_of,
    word_hashes,
)
from services.events.servicer.event_messages import parse_entry
from tests.services.events.helpers import SAMPLE, make_event


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
    parsed = EventQuery.parse(query)
    assert parsed.matches(entry) is found
    if found:
        index = word_hashes([entry])
        assert {hash_word(word) for word in parsed.index_words()} <= index


def test_runs_of_mixed_text():
    mixed = normalize_text("Café7漢字abc_日・本 É-ΩЖ x")
    assert split_runs(mixed) == ["café7", "漢字", "abc", "日・本", "é", "ωж", "x"]


def test_a_query_needs_a_word():
    assert [one.field for one in query_violations("%_ -")] == ["query"]
    assert [one.field for one in query_violations("x" * 257)] == ["query"]
    assert query_violations("") == []


# A small alphabet of every character class, so many queries match or nearly match.
NEAR = st.text("aé1い払_ -", max_size=10)
ANY = NEAR | st.text('aB1ａｱé_-"\\\n:ー・支い한 .ßİ٣\u0301', max_size=8) | st.text(max_size=8)


@st.composite
def entries_and_queries(draw):
    """Draw an event and a query that is often a part of its text."""
    subject, actor, data = draw(NEAR), draw(NEAR), draw(ANY)
    entry = SAMPLE._replace(subject=subject, actor=actor, data=data)
    source = draw(st.sampled_from([subject, actor, searchable_text(entry)]))
    first = draw(st.integers(0, len(source)))
    return entry, source[first : first + draw(st.integers(0, 4))] + draw(st.just("") | ANY)


@settings(max_examples=400)
@given(entries_and_queries())
def test_patterns_find_what_a_query_finds(given_):
    entry, text = given_
    query = EventQuery.parse(text)
    found = all(re.search(term.pattern, searchable_text(entry)) for term in query.terms)
    assert found == query.matches(entry)


@given(ANY)
def test_terms_are_the_runs_of_a_query(text):
    terms = EventQuery.parse(text).terms
    assert sorted(term.text for term in terms) == sorted(split_runs(normalize_text(text)))


def test_terms_of_a_query():
    assert EventQuery.parse("Café 支払い TARO").terms == [
        QueryTerm("café", whole_word=True),
        QueryTerm("taro", whole_word=True),
        QueryTerm("支払い", whole_word=False),
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [("taro", True), ("x-taro!", True), ("太郎taro", True), ("taro1", False), ("étaro", False)],
)
def test_a_word_is_found_whole(text, found):
    [term] = EventQuery.parse("taro").terms
    assert bool(re.search(term.pattern, text)) is found


def test_a_part_is_found_anywhere():
    [term] = EventQuery.parse("払い").terms
    assert re.search(term.pattern, "支払い済")


def test_users_of_an_event():
    entry = SAMPLE._replace(actor="services/x", data='{"user":"users/7","other":"users/8"}')
    assert users_of(entry) == {"users/1", "users/7"}
    assert {"user=users/1", "user=users/7", "category=2", "type=user.created"} <= set(
        facet_words(entry)
    )
