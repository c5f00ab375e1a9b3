"""EventService over gRPC."""

import asyncio
from uuid import uuid4

import grpc
import pytest
from libral.events.v1 import events_pb2
from sqlalchemy import text

from tests.services.events.helpers import TIME, append, make_event, take, violated_fields


async def test_appends_in_order_without_gaps(log):
    assert await append(log, make_event(), make_event()) == [1, 2]
    assert await append(log, make_event()) == [3]


async def test_repeat_keeps_its_position(log):
    event = make_event()
    assert await append(log, event) == [1]
    assert await append(log, make_event(), event, event) == [2, 1, 1]
    listed = await log.ListEvents(events_pb2.ListEventsRequest())
    assert [one.position for one in listed.events] == [2, 1]


async def test_parallel_appends_leave_no_gap(log):
    positions = await asyncio.gather(*(append(log, make_event()) for _ in range(30)))
    assert sorted(position for [position] in positions) == list(range(1, 31))
    verdict = await log.VerifyEvents(events_pb2.VerifyEventsRequest())
    assert verdict.valid
    assert verdict.checked_count == 30


async def test_content_comes_back_as_it_was(log):
    event = make_event(subject="users/1", actor="users/2", level=events_pb2.Event.WARNING)
    await append(log, event)
    kept = await log.GetEvent(events_pb2.GetEventRequest(name=f"events/{event.id}"))
    assert (kept.subject, kept.actor, kept.level) == ("users/1", "users/2", event.level)
    assert kept.data == event.data
    assert kept.time == TIME
    assert len(kept.hash) == 32


async def test_every_violation_is_named(log):
    with pytest.raises(grpc.aio.AioRpcError) as failure:
        await append(log, make_event("Bad"), make_event(id="x"), make_event(source=""))
    assert failure.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert violated_fields(failure.value) == ["events[0].type", "events[1].id", "events[2].source"]
    stats = await log.GetEventStats(events_pb2.GetEventStatsRequest())
    assert stats.head_position == 0


async def test_text_that_postgresql_cannot_hold_is_refused(log):
    for ask, field in (
        (log.ListEvents(events_pb2.ListEventsRequest(source="a\0")), "source"),
        (append(log, make_event(subject="a\0")), "events[0].subject"),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as failure:
            await ask
        assert failure.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert violated_fields(failure.value) == [field]


async def test_stream_gives_history_then_what_is_new(log):
    await append(log, make_event(), make_event())
    reading = asyncio.create_task(take(log, 3, after=1))
    await asyncio.sleep(0.2)
    await append(log, make_event(), make_event())
    assert [event.position for event in await reading] == [2, 3, 4]


async def test_stream_from_now_on(log):
    await append(log, make_event())
    reading = asyncio.create_task(take(log, 1, after=-1))
    await asyncio.sleep(0.2)
    await append(log, make_event())
    assert [event.position for event in await reading] == [2]


async def test_stream_filters(log):
    await append(log, make_event(), make_event("user.deleted"), make_event())
    events = await take(log, 2, types=["user.created"])
    assert [event.position for event in events] == [1, 3]


async def test_stream_refuses_a_position_beyond_the_head(log):
    with pytest.raises(grpc.aio.AioRpcError) as failure:
        await take(log, 1, after=5)
    assert violated_fields(failure.value) == ["after"]


async def test_pages_meet_without_overlap(log):
    await append(log, *(make_event() for _ in range(5)))
    request = events_pb2.ListEventsRequest(page_size=2)
    seen = []
    while True:
        page = await log.ListEvents(request)
        seen += [event.position for event in page.events]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert seen == [5, 4, 3, 2, 1]


async def test_page_token_belongs_to_its_arguments(log):
    await append(log, make_event(), make_event())
    page = await log.ListEvents(events_pb2.ListEventsRequest(page_size=1))
    for token, source in ((page.next_page_token, "users"), ("no token", ""), ("e30", "")):
        with pytest.raises(grpc.aio.AioRpcError) as failure:
            await log.ListEvents(events_pb2.ListEventsRequest(page_token=token, source=source))
        assert violated_fields(failure.value) == ["page_token"]


async def test_filters_find_text(log):
    await append(log, make_event(subject="users/100%"), make_event(subject="users/1000"))
    page = await log.ListEvents(events_pb2.ListEventsRequest(query="100%"))
    assert [event.subject for event in page.events] == ["users/100%"]
    page = await log.ListEvents(events_pb2.ListEventsRequest(query="名前"))
    assert len(page.events) == 2


@pytest.mark.parametrize(
    ("statement", "position"),
    [
        ("UPDATE events.log SET subject = 'x' WHERE position = 2", 2),
        ("DELETE FROM events.log WHERE position = 2", 2),
        ("DELETE FROM events.log WHERE position = 3", 3),
        ("UPDATE events.log SET data = '{}' WHERE position = 1", 1),
    ],
)
async def test_verify_finds_an_edit_of_the_table(service, log, statement, position):
    await append(log, make_event(), make_event(), make_event())
    async with service.kernel.database.transaction() as connection:
        await connection.execute(text(statement))
    verdict = await log.VerifyEvents(events_pb2.VerifyEventsRequest())
    assert not verdict.valid
    assert verdict.first_bad_position == position


async def test_verify_in_parts(log):
    await append(log, *(make_event() for _ in range(5)))
    first = await log.VerifyEvents(events_pb2.VerifyEventsRequest(count=3))
    assert (first.valid, first.checked_count, first.next_start) == (True, 3, 4)
    rest = await log.VerifyEvents(events_pb2.VerifyEventsRequest(start=4))
    assert (rest.valid, rest.checked_count, rest.next_start) == (True, 2, 0)


async def test_refuses_an_anonymous_caller(mesh, service):
    anonymous = mesh.anonymous_channel(service).unary_unary(
        "/libral.events.v1.EventService/GetEventStats",
        request_serializer=events_pb2.GetEventStatsRequest.SerializeToString,
        response_deserializer=events_pb2.EventStats.FromString,
    )
    with pytest.raises(grpc.aio.AioRpcError) as failure:
        await anonymous(events_pb2.GetEventStatsRequest())
    assert failure.value.code() == grpc.StatusCode.UNAUTHENTICATED


async def test_unknown_event(log):
    with pytest.raises(grpc.aio.AioRpcError) as failure:
        await log.GetEvent(events_pb2.GetEventRequest(name=f"events/{uuid4()}"))
    assert failure.value.code() == grpc.StatusCode.NOT_FOUND


async def test_a_defect_has_code_position_and_japanese(service, log):
    await append(log, make_event(), make_event(), make_event())
    async with service.kernel.database.transaction() as connection:
        await connection.execute(text("DELETE FROM events.log WHERE position = 2"))
    verdict = await log.VerifyEvents(events_pb2.VerifyEventsRequest())
    assert (verdict.problem, verdict.checked_count) == ("It is missing.", 1)
    assert verdict.defect.code == events_pb2.VerifyEventsResponse.Defect.MISSING
    assert dict(verdict.defect.metadata) == {"position": "2"}
    assert verdict.defect.localized_message.message == "イベントが欠落しています。"


async def test_a_query_is_parsed_as_a_list_does(log):
    request = events_pb2.ParseEventQueryRequest(query="支払い　ＴＡＲＯ")
    terms = (await log.ParseEventQuery(request)).terms
    assert [(term.text, term.whole_word) for term in terms] == [("taro", True), ("支払い", False)]
    for query in ("", "--", "x" * 257):
        with pytest.raises(grpc.aio.AioRpcError) as failure:
            await log.ParseEventQuery(events_pb2.ParseEventQueryRequest(query=query))
        assert failure.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert violated_fields(failure.value) == ["query"]
