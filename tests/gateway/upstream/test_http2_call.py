"""Unary calls: bounds, the deadline, malformed messages."""

import asyncio
import time

import pytest

from gateway.http.errors import StatusError
from gateway.upstream.http2_call import check_single_message
from tests.gateway.upstream.servers import call

MEBIBYTE = 1024 * 1024


async def test_a_response_that_is_too_long(upstream):
    with pytest.raises(StatusError) as caught:
        await upstream.unary(call("Repeat", b"%d" % (5 * MEBIBYTE)))
    assert caught.value.code == 8


async def test_the_deadline_ends_the_call_on_both_sides(upstream, server):
    started = time.monotonic()
    with pytest.raises(StatusError) as caught:
        await upstream.unary(call("Wait", seconds=0.2))
    assert caught.value.code == 4
    assert time.monotonic() - started < 1
    await asyncio.wait_for(server.cancelled.wait(), 2)


FRAMES = [
    (b"\x00\x00\x00\x00\x01a", ""),
    (b"\x00\x00\x00\x00\x00", ""),
    (b"", "it has no message"),
    (b"\x00\x00\x00\x00", "it has no message"),
    (b"\x00\x00\x00\x00\x02a", "its message is truncated"),
    (b"\x00\x00\x00\x00\x01ab", "its message is truncated"),
    (b"\x01\x00\x00\x00\x01a", "its message is compressed, which was not offered"),
]


@pytest.mark.parametrize(("content", "problem"), FRAMES)
def test_a_unary_response_is_exactly_one_message(content, problem):
    assert check_single_message(content) == problem
