"""Dead letters are recorded, retried and discarded, and consumers report their position."""

from dataclasses import replace
from uuid import uuid4

import pytest
from libral.events.v1 import events_pb2, events_pb2_grpc
from sqlalchemy import text

from deploy.local.home import free_port
from services.events.__main__ import build as build_events
from services.kernel.events import consumer
from services.users.__main__ import build as build_users
from tests.services.events.helpers import append, make_event
from tests.services.helpers import audited_methods, eventually, refused


class Reactor:
    """A handler that fails for the subjects in `poison`."""

    def __init__(self) -> None:
        self.poison: set[str] = set()
        self.handled: list[int] = []

    async def react(self, connection, event) -> None:
        if event.subject in self.poison:
            # This write must be rolled back.
            await connection.execute(text("DELETE FROM users.sessions"))
            raise ValueError(f"{event.subject} is\0 poison")
        self.handled.append(event.position)


@pytest.fixture
def reactor() -> Reactor:
    return Reactor()


@pytest.fixture
async def services(mesh, users_environment, redis_url, reactor, monkeypatch):
    """An events service that consumes its own log, and a users service with a failing handler."""
    monkeypatch.setattr(consumer, "RETRY_SECONDS", (0, 0, 0, 0))
    monkeypatch.setattr(consumer, "REPORT_SECONDS", 0.1)
    target = f"127.0.0.1:{free_port(set())}"
    environment = {"REDIS_URL": redis_url}
    events = await mesh.start(
        "events", build_events, environment, events_target=target, listen=target
    )

    async def build(kernel):
        service = await build_users(kernel)
        return replace(service, reactions={"order.placed": reactor.react})

    users = await mesh.start("users", build, users_environment, events_target=target)
    return events, users


@pytest.fixture
def log(mesh, services) -> events_pb2_grpc.EventServiceStub:
    return events_pb2_grpc.EventServiceStub(mesh.channel(services[0]))


@pytest.fixture
def reactions(mesh, services) -> events_pb2_grpc.ReactionServiceStub:
    return events_pb2_grpc.ReactionServiceStub(mesh.channel(services[0]))


async def list_dead_letters(reactions) -> list[events_pb2.DeadLetter]:
    return list((await reactions.ListDeadLetters(events_pb2.ListDeadLettersRequest())).dead_letters)


async def wait_for_dead_letters(
    reactions, count: int, tries: int = 5
) -> list[events_pb2.DeadLetter]:
    async def recorded() -> bool:
        found = await list_dead_letters(reactions)
        return len(found) == count and all(
            dead_letter.state == events_pb2.DeadLetter.PENDING and dead_letter.tries == tries
            for dead_letter in found
        )

    await eventually(recorded)
    return await list_dead_letters(reactions)


async def dead_letter_events(
    log, reactions, reactor, count: int = 1
) -> list[events_pb2.DeadLetter]:
    """Append events that the handler fails for, between events that it handles."""
    subjects = [f"orders/{uuid4()}" for _ in range(count)]
    reactor.poison.update(subjects)
    events = [make_event("order.placed", subject=subject) for subject in subjects]
    await append(log, make_event("order.placed"), *events, make_event("order.placed"))
    return await wait_for_dead_letters(reactions, count)


async def test_a_dead_letter_has_event_and_error(log, reactions, reactor):
    [dead_letter] = await dead_letter_events(log, reactions, reactor)
    assert dead_letter.name == f"deadLetters/users-{dead_letter.position}"
    assert dead_letter.consumer == "users"
    assert dead_letter.error == f"ValueError: {dead_letter.event.subject} is poison"
    assert dead_letter.event.type == "order.placed"
    assert dead_letter.event.position == dead_letter.position
    assert len(reactor.handled) == 2
    got = await reactions.GetDeadLetter(events_pb2.GetDeadLetterRequest(name=dead_letter.name))
    assert got == dead_letter


async def test_a_retry_that_succeeds_removes_the_dead_letter(log, reactions, reactor):
    [dead_letter] = await dead_letter_events(log, reactions, reactor)
    reactor.poison.clear()
    asked = await reactions.RetryDeadLetter(
        events_pb2.RetryDeadLetterRequest(name=dead_letter.name)
    )
    assert asked.state == events_pb2.DeadLetter.RETRYING
    await wait_for_dead_letters(reactions, 0)
    assert reactor.handled.count(dead_letter.position) == 1
    listed = await log.ListEvents(
        events_pb2.ListEventsRequest(subject=dead_letter.name, categories=[events_pb2.Event.SYSTEM])
    )
    assert [event.type for event in listed.events] == [
        "reaction.recovered",
        "reaction.retry_requested",
        "reaction.buried",
    ]


async def test_a_retry_that_fails_keeps_the_dead_letter(log, reactions, reactor):
    [dead_letter] = await dead_letter_events(log, reactions, reactor)
    await reactions.RetryDeadLetter(events_pb2.RetryDeadLetterRequest(name=dead_letter.name))
    [again] = await wait_for_dead_letters(reactions, 1, tries=6)
    assert again.name == dead_letter.name
    assert dead_letter.position not in reactor.handled
    await append(log, make_event("order.placed"))

    async def handles_next() -> bool:
        return len(reactor.handled) == 3

    await eventually(handles_next)


async def test_a_discard_removes_the_dead_letter_without_effect(log, reactions, reactor, services):
    first, second = await dead_letter_events(log, reactions, reactor, 2)
    await reactions.DiscardDeadLetter(events_pb2.DiscardDeadLetterRequest(name=first.name))
    [left] = await wait_for_dead_letters(reactions, 1)
    assert left.name == second.name
    assert first.position not in reactor.handled
    with refused("NOT_FOUND", "DEAD_LETTER_NOT_FOUND"):
        await reactions.RetryDeadLetter(events_pb2.RetryDeadLetterRequest(name=first.name))
    async with services[1].kernel.database.reading() as connection:
        kept = await connection.scalar(text("SELECT count(*) FROM users.dead_letters"))
    assert kept == 1


async def test_only_a_pending_dead_letter_can_be_discarded(log, reactions, reactor, services):
    [dead_letter] = await dead_letter_events(log, reactions, reactor)
    async with services[0].kernel.database.transaction() as connection:
        await connection.execute(text("UPDATE events.letters SET state = 2"))
    with refused("FAILED_PRECONDITION", "DEAD_LETTER_NOT_PENDING"):
        await reactions.DiscardDeadLetter(
            events_pb2.DiscardDeadLetterRequest(name=dead_letter.name)
        )


async def test_pages_of_dead_letters_do_not_overlap(log, reactions, reactor):
    await dead_letter_events(log, reactions, reactor, 5)
    request, seen = events_pb2.ListDeadLettersRequest(page_size=2), []
    while True:
        page = await reactions.ListDeadLetters(request)
        seen += [dead_letter.position for dead_letter in page.dead_letters]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 5


async def test_consumers_report_position_and_lag(log, reactions, reactor, services):
    async def caught_up() -> bool:
        found = (await reactions.ListConsumers(events_pb2.ListConsumersRequest())).consumers
        users = next((one for one in found if one.name == "consumers/users"), None)
        return (
            users is not None
            and users.position >= 3
            and users.lag_count == 0
            and users.dead_letter_count == 1
            and "order.placed" in users.types
        )

    await dead_letter_events(log, reactions, reactor)
    await eventually(caught_up)
    await services[1].__aexit__()
    await append(log, *(make_event("order.placed") for _ in range(150)), make_event("other.thing"))

    async def behind() -> bool:
        found = (await reactions.ListConsumers(events_pb2.ListConsumersRequest())).consumers
        return [one.lag_count for one in found if one.name == "consumers/users"] == [150]

    await eventually(behind)


async def test_each_audited_method_has_one_audit_event(reactions, log, reactor, services):
    first, second = await dead_letter_events(log, reactions, reactor, 2)
    retry = events_pb2.RetryDeadLetterRequest(name=first.name)
    discard = events_pb2.DiscardDeadLetterRequest(name=second.name)
    await reactions.RetryDeadLetter(retry)
    await reactions.DiscardDeadLetter(discard)
    request = events_pb2.ListEventsRequest(categories=[events_pb2.Event.AUDIT])

    async def audited() -> bool:
        return len((await log.ListEvents(request)).events) == 2

    await eventually(audited)
    events = (await log.ListEvents(request)).events
    assert {event.data["method"] for event in events} == audited_methods(
        "libral.events.v1.EventService", "libral.events.v1.ReactionService"
    )
    assert [event.subject for event in events] == [second.name, first.name]


async def test_a_consumer_advances_over_events_of_other_types(log, reactions, reactor):
    """Otherwise retention would remove events after the position of an idle consumer."""
    [position] = await append(log, make_event("order.placed"))
    *_, last = await append(log, *(make_event("other.thing") for _ in range(250)))

    async def advanced() -> bool:
        found = (await reactions.ListConsumers(events_pb2.ListConsumersRequest())).consumers
        return any(one.name == "consumers/users" and one.position >= last for one in found)

    await eventually(advanced)
    assert reactor.handled == [position]
    [after] = await append(log, make_event("order.placed"))

    async def handled() -> bool:
        return reactor.handled == [position, after]

    await eventually(handled)


@pytest.mark.parametrize(
    ("name", "fields"),
    [("letters/users-1", ["name"]), ("deadLetters/users", ["name"]), ("deadLetters/-1", ["name"])],
)
async def test_a_malformed_name_is_refused(reactions, name, fields):
    with refused("INVALID_ARGUMENT", fields=fields):
        await reactions.GetDeadLetter(events_pb2.GetDeadLetterRequest(name=name))
