from datetime import timedelta

import pytest
from libral.events.v1 import events_pb2

from services.events.domain.blocks import EventCounts, LogStats
from services.events.domain.checkpoints import Publication, PublishedHead
from services.events.domain.consumers import Consumer, ConsumerStatus
from services.events.domain.dead_letters import DeadLetter, DeadLetterState
from services.events.domain.entries import Head
from services.events.domain.verification import Defect, DefectCode, RangeVerdict
from services.events.domain.words import EventQuery
from services.events.servicer.responses import (
    checkpoint_message,
    consumer_message,
    dead_letter_message,
    defect_message,
    query_message,
    stats_message,
    verification_message,
)
from tests.services.events.helpers import MORNING, TIME, make_chain

Code = events_pb2.VerifyEventsResponse.Defect.Code


@pytest.mark.parametrize("code", DefectCode)
def test_a_defect_has_code_position_and_japanese(code):
    message = defect_message(Defect(7, code))
    # The contract has no code for events that are restored after retention.
    name = "ADDED" if code is DefectCode.RESTORED else code.name
    assert message.code == Code.Value(name)
    assert dict(message.metadata) == {"position": "7"}
    assert message.localized_message.locale == "ja"
    assert message.localized_message.message.endswith("。")


def test_each_code_of_the_contract_is_used():
    used = {defect_message(Defect(1, code)).code for code in DefectCode}
    assert used == set(Code.values()) - {Code.Value("CODE_UNSPECIFIED")}


def test_a_sound_verdict():
    message = verification_message(RangeVerdict(10, None, 11))
    assert (message.valid, message.checked_count, message.next_start) == (True, 10, 11)
    assert not message.HasField("defect")
    assert (message.problem, message.first_bad_position) == ("", 0)


def test_a_verdict_with_a_defect():
    message = verification_message(RangeVerdict(2, Defect(3, DefectCode.MISSING), None))
    assert (message.valid, message.first_bad_position, message.next_start) == (False, 3, 0)
    assert message.problem == "It is missing."
    assert message.defect.code == Code.Value("MISSING")


def test_stats():
    day = EventCounts(5, 1, {3: 4, 1: 1})
    message = stats_message(LogStats(9, EventCounts(2, 0, {3: 2}), day, MORNING))
    assert (message.head_position, message.last_hour_count) == (9, 2)
    assert (message.last_day_count, message.error_day_count) == (5, 1)
    assert [(row.category, row.count) for row in message.categories] == [(1, 1), (3, 4)]
    assert message.measure_time == TIME


def test_terms_of_a_query():
    [word, part] = query_message(EventQuery.parse("支払い TARO")).terms
    assert (word.text, word.whole_word) == ("taro", True)
    assert (part.text, part.whole_word, part.pattern) == ("支払い", False, "支払い")


def test_a_checkpoint_has_a_row_for_each_channel():
    published = PublishedHead(
        Head(7, bytes(32)),
        MORNING,
        {"FILE": Publication(7, MORNING), "LOG": Publication(6, None, "It is unavailable.")},
    )
    message = checkpoint_message(published, {"FILE", "LOG"})
    assert (message.position, message.hash, message.create_time) == (7, bytes(32), TIME)
    rows = {row.channel: row for row in message.publications}
    assert rows[events_pb2.Checkpoint.FILE].publish_time == TIME
    assert not rows[events_pb2.Checkpoint.LOG].HasField("publish_time")
    assert rows[events_pb2.Checkpoint.LOG].error == "It is unavailable."
    assert [row.enabled for row in message.publications] == [True, True, False]


def test_a_consumer():
    status = ConsumerStatus(Consumer("users", 7, ["a.b"], MORNING), 3, 2)
    assert consumer_message(status) == events_pb2.Consumer(
        name="consumers/users",
        position=7,
        lag_count=3,
        dead_letter_count=2,
        types=["a.b"],
        report_time=TIME,
    )


def test_a_dead_letter_with_and_without_its_event():
    later = MORNING + timedelta(hours=1)
    dead_letter = DeadLetter("users", 1, "a.b", "E", 5, MORNING, later, DeadLetterState.RETRYING)
    message = dead_letter_message(dead_letter, make_chain(1)[0])
    assert (message.name, message.state) == ("deadLetters/users-1", events_pb2.DeadLetter.RETRYING)
    assert (message.event.position, message.event.type) == (1, "user.created")
    assert message.update_time.seconds == TIME.seconds + 3600
    assert not dead_letter_message(dead_letter, None).HasField("event")


@pytest.mark.parametrize("state", DeadLetterState)
def test_states_are_those_of_the_contract(state):
    assert events_pb2.DeadLetter.State.Value(state.name) == state
