from datetime import UTC, datetime

from google.protobuf import json_format
from libral.events.v1 import events_pb2

from dashboard.api.verification import Checkpoint, Defect, Verification


def test_a_defect_has_its_code_and_its_message():
    response = events_pb2.VerifyEventsResponse(first_bad_position=7)
    response.defect.code = events_pb2.VerifyEventsResponse.Defect.ALTERED
    response.defect.localized_message.message = "書き換えられています。"
    found = Verification.parse(json_format.MessageToDict(response))
    assert found.defect == Defect("ALTERED", "書き換えられています。")
    assert found.first_bad_position == 7
    assert not found.valid


def test_a_valid_range_has_a_next_start():
    response = events_pb2.VerifyEventsResponse(valid=True, checked_count=9, next_start=10)
    found = Verification.parse(json_format.MessageToDict(response))
    assert (found.valid, found.checked_count, found.next_start) == (True, 9, 10)
    assert found.defect == Defect("", "")


def test_a_checkpoint_has_its_publications():
    message = events_pb2.Checkpoint(position=5, hash=b"\x01\xff")
    message.create_time.FromDatetime(datetime(2026, 1, 1, tzinfo=UTC))
    message.publications.add(channel=events_pb2.Checkpoint.FILE, enabled=True, error="full")
    found = Checkpoint.parse(json_format.MessageToDict(message))
    assert (found.position, found.hash) == (5, b"\x01\xff")
    assert found.create_time == datetime(2026, 1, 1, tzinfo=UTC)
    (publication,) = found.publications
    assert (publication.channel, publication.enabled, publication.error) == ("FILE", True, "full")
    assert (publication.position, publication.publish_time) == (None, None)
