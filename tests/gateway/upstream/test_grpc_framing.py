"""Metadata, deadlines and statuses as gRPC writes them on HTTP/2."""

import pytest

from gateway.http.errors import INTERNAL, UNAVAILABLE, UNKNOWN
from gateway.http2.blocks import BlockReader
from gateway.http2.frames import ErrorCode
from gateway.upstream import grpc_framing

TIMEOUTS = [
    (0.0, b"0n"),
    (-1.0, b"0n"),
    (0.01, b"10000000n"),
    (0.5, b"500000u"),
    (5.0, b"5000000u"),
    (3600.0, b"3600000m"),
    (1e6, b"1000000S"),
    (1e12, b"99999999S"),
]


@pytest.mark.parametrize(("seconds", "written"), TIMEOUTS)
def test_deadlines_have_at_most_eight_digits(seconds, written):
    assert grpc_framing.encode_timeout(seconds) == written


def test_a_request_block_is_read_back():
    head = grpc_framing.request_head("/a.B/C", "h:1", "http")
    metadata = [("x-text", "a, b"), ("x-data-bin", b"\x00\xff"), ("traceparent", "t")]
    fields = dict(BlockReader().read(grpc_framing.request_block(head, metadata, 0.5)))
    assert fields[b":path"] == b"/a.B/C"
    assert fields[b"user-agent"].startswith(b"libral-gateway/")
    assert fields[b"grpc-timeout"] == b"500000u"
    assert (fields[b"x-text"], fields[b"x-data-bin"]) == (b"a, b", b"AP8")


def test_metadata_of_a_response():
    fields = ((b":status", b"200"), (b"content-type", b"application/grpc"), (b"grpc-status", b"0"))
    assert grpc_framing.read_metadata(fields) == []
    more = (*fields, (b"x-a", b"1"), (b"x-b-bin", b"AP8,AQ=="), (b"x-c-bin", b"!"), (b":x", b"y"))
    found = grpc_framing.read_metadata(more)
    assert found == [("x-a", "1"), ("x-b-bin", b"\x00\xff"), ("x-b-bin", b"\x01")]


STATUSES = [
    ((), None),
    (((b"grpc-status", b"0"),), (0, "")),
    (((b"grpc-status", b"9"), (b"grpc-message", b"%E6%97%A5 100%")), (9, "日 100%")),
    (((b"grpc-status", b"x"),), (UNKNOWN, "")),
]


@pytest.mark.parametrize(("fields", "status"), STATUSES)
def test_the_status_of_a_call(fields, status):
    assert grpc_framing.read_status(fields) == status


def test_statuses_of_http_and_of_resets():
    assert grpc_framing.http_status(((b":status", b"204"),)) == 204
    assert grpc_framing.http_status(((b":status", b"x"),)) == 0
    assert grpc_framing.http_status(((b"x", b"1"),)) == 0
    assert grpc_framing.code_of_http(503) == UNAVAILABLE
    assert grpc_framing.code_of_http(418) == UNKNOWN
    assert grpc_framing.code_of_reset(ErrorCode.REFUSED_STREAM) == UNAVAILABLE
    assert grpc_framing.code_of_reset(ErrorCode.STREAM_CLOSED) == INTERNAL


def test_a_message_has_its_length_before_it():
    assert grpc_framing.frame_message(b"abc") == b"\x00\x00\x00\x00\x03abc"
