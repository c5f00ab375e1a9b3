from google.protobuf import json_format
from libral.events.v1 import events_pb2

from dashboard.api.consumers import Consumer, DeadLetter


def test_a_consumer_is_known_by_its_id():
    message = events_pb2.Consumer(name="consumers/users", position=9, lag_count=1)
    found = Consumer.parse(json_format.MessageToDict(message))
    assert found == Consumer("users", 9, 1, None, None)


def test_a_dead_letter_keeps_its_event_while_the_log_does():
    message = events_pb2.DeadLetter(
        name="deadLetters/users-7",
        consumer="users",
        error="It failed.",
        tries=5,
        state=events_pb2.DeadLetter.PENDING,
    )
    gone = DeadLetter.parse(json_format.MessageToDict(message))
    assert gone.event is None
    assert (gone.consumer, gone.error, gone.tries, gone.state) == (
        "users",
        "It failed.",
        5,
        "PENDING",
    )
    message.event.type = "payment.completed"
    kept = DeadLetter.parse(json_format.MessageToDict(message))
    assert kept.event is not None
    assert kept.event.type == "payment.completed"
