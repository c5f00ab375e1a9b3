"""ReactionService over gRPC."""

import pytest
from libral.events.v1 import events_pb2, events_pb2_grpc

from tests.services.events.helpers import append, make_event
from tests.services.helpers import refused


@pytest.fixture
def consumers(mesh, service) -> events_pb2_grpc.ReactionServiceStub:
    return events_pb2_grpc.ReactionServiceStub(mesh.channel(service))


async def report(consumers, name: str, position: int, *types: str) -> int:
    consumer = events_pb2.Consumer(name=name, position=position, types=types or ["a.b"])
    request = events_pb2.ReportConsumerRequest(consumer=consumer)
    return (await consumers.ReportConsumer(request)).clear_position


async def test_pages_of_consumers_do_not_overlap(consumers):
    for name in ("c", "a", "b"):
        await report(consumers, f"consumers/{name}", 0)
    request, seen = events_pb2.ListConsumersRequest(page_size=2), []
    while True:
        page = await consumers.ListConsumers(request)
        seen += [consumer.name for consumer in page.consumers]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert seen == ["consumers/a", "consumers/b", "consumers/c"]


async def test_a_report_returns_the_head_if_nothing_is_pending(consumers, log):
    await append(log, make_event("a.b"), make_event("c.d"), make_event("c.d"))
    assert await report(consumers, "consumers/x", 0) == 0
    assert await report(consumers, "consumers/x", 1) == 3


async def test_a_wrong_report_is_refused(consumers):
    with refused("INVALID_ARGUMENT", fields=["consumer.name"]):
        await report(consumers, "users", 1)


async def test_an_unknown_dead_letter(consumers):
    name = "deadLetters/users-1"
    with refused("NOT_FOUND", "DEAD_LETTER_NOT_FOUND"):
        await consumers.GetDeadLetter(events_pb2.GetDeadLetterRequest(name=name))
    with refused("NOT_FOUND", "DEAD_LETTER_NOT_FOUND"):
        await consumers.DiscardDeadLetter(events_pb2.DiscardDeadLetterRequest(name=name))
    for ask, request in (
        (consumers.RetryDeadLetter, events_pb2.RetryDeadLetterRequest(name="x")),
        (consumers.DiscardDeadLetter, events_pb2.DiscardDeadLetterRequest(name="x")),
    ):
        with refused("INVALID_ARGUMENT", fields=["name"]):
            await ask(request)
