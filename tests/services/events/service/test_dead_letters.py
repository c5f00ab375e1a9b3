"""Dead letters: told of, tried again, discarded; and how far each consumer is."""

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
    """A reaction that fails on what it is told to."""

    def __init__(self) -> None:
        self.poison: set[str] = set()
        self.handled: list[int] = []

    async def react(self, connection, event) -> None:
        if event.subject in self.poison:
            # What it wrote before it failed must not stay.
            await connection.execute(text("DELETE FROM users.sessions"))
            raise ValueError(f"{event.subject} is\0 poison")
        self.handled.append(event.position)


@pytest.fixture
def reactor() -> Reactor:
    return Reactor()


@pytest.fixture
async def mailroom(mesh, users_environment, redis_url, reactor, monkeypatch):
    """The events room that reads itself, and a users room that reacts to `order.placed`."""
    monkeypatch.setattr(consumer, "RETRY_SECONDS", (0, 0, 0, 0))
    monkeypatch.setattr(consumer, "REPORT_SECONDS", 0.1)
    target = f"127.0.0.1:{free_port(set())}"
    environment = {"REDIS_URL": redis_url}
    events = await mesh.start(
        "events", build_events, environment, events_target=target, listen=target
    )

    async def build(kernel):
        room = await build_users(kernel)
        return replace(room, reactions={"order.placed": reactor.react})

    users = await mesh.start("users", build, users_environment, events_target=target)
    return events, users


@pytest.fixture
def log(mesh, mailroom) -> events_pb2_grpc.EventServiceStub:
    return events_pb2_grpc.EventServiceStub(mesh.channel(mailroom[0]))


@pytest.fixture
def desk(mesh, mailroom) -> events_pb2_grpc.ReactionServiceStub:
    return events_pb2_grpc.ReactionServiceStub(mesh.channel(mailroom[0]))


async def letters(desk) -> list[events_pb2.DeadLetter]:
    return list((await desk.ListDeadLetters(events_pb2.ListDeadLettersRequest())).dead_letters)


async def wait_for_letters(desk, count: int, tries: int = 5) -> list[events_pb2.DeadLetter]:
    async def there() -> bool:
        found = await letters(desk)
        return len(found) == count and all(
            letter.state == events_pb2.DeadLetter.PENDING and letter.tries == tries
            for letter in found
        )

    await eventually(there)
    return await letters(desk)


async def bury(log, desk, reactor, count: int = 1) -> list[events_pb2.DeadLetter]:
    """Makes the reaction give up on some events between others that it handles."""
    subjects = [f"orders/{uuid4()}" for _ in range(count)]
    reactor.poison.update(subjects)
    events = [make_event("order.placed", subject=subject) for subject in subjects]
    await append(log, make_event("order.placed"), *events, make_event("order.placed"))
    return await wait_for_letters(desk, count)


async def test_a_letter_tells_what_failed(log, desk, reactor):
    [letter] = await bury(log, desk, reactor)
    assert letter.name == f"deadLetters/users-{letter.position}"
    assert letter.consumer == "users"
    assert letter.error == f"ValueError: {letter.event.subject} is poison"
    assert letter.event.type == "order.placed"
    assert letter.event.position == letter.position
    assert len(reactor.handled) == 2
    got = await desk.GetDeadLetter(events_pb2.GetDeadLetterRequest(name=letter.name))
    assert got == letter


async def test_a_retry_that_succeeds_removes_the_letter(log, desk, reactor):
    [letter] = await bury(log, desk, reactor)
    reactor.poison.clear()
    asked = await desk.RetryDeadLetter(events_pb2.RetryDeadLetterRequest(name=letter.name))
    assert asked.state == events_pb2.DeadLetter.RETRYING
    await wait_for_letters(desk, 0)
    assert reactor.handled.count(letter.position) == 1
    listed = await log.ListEvents(
        events_pb2.ListEventsRequest(subject=letter.name, categories=[events_pb2.Event.SYSTEM])
    )
    assert [event.type for event in listed.events] == [
        "reaction.recovered",
        "reaction.retry_requested",
        "reaction.buried",
    ]


async def test_a_retry_that_fails_leaves_the_letter(log, desk, reactor):
    [letter] = await bury(log, desk, reactor)
    await desk.RetryDeadLetter(events_pb2.RetryDeadLetterRequest(name=letter.name))
    [again] = await wait_for_letters(desk, 1, tries=6)
    assert again.name == letter.name
    assert letter.position not in reactor.handled
    await append(log, make_event("order.placed"))

    async def goes_on() -> bool:
        return len(reactor.handled) == 3

    await eventually(goes_on)


async def test_a_discard_removes_the_letter_without_effect(log, desk, reactor, mailroom):
    first, second = await bury(log, desk, reactor, 2)
    await desk.DiscardDeadLetter(events_pb2.DiscardDeadLetterRequest(name=first.name))
    [left] = await wait_for_letters(desk, 1)
    assert left.name == second.name
    assert first.position not in reactor.handled
    with refused("NOT_FOUND", "DEAD_LETTER_NOT_FOUND"):
        await desk.RetryDeadLetter(events_pb2.RetryDeadLetterRequest(name=first.name))
    async with mailroom[1].kernel.database.reading() as connection:
        kept = await connection.scalar(text("SELECT count(*) FROM users.dead_letters"))
    assert kept == 1


async def test_a_letter_is_asked_of_once(log, desk, reactor, mailroom):
    [letter] = await bury(log, desk, reactor)
    async with mailroom[0].kernel.database.transaction() as connection:
        await connection.execute(text("UPDATE events.letters SET state = 2"))
    with refused("FAILED_PRECONDITION", "DEAD_LETTER_NOT_PENDING"):
        await desk.DiscardDeadLetter(events_pb2.DiscardDeadLetterRequest(name=letter.name))


async def test_pages_of_letters_meet(log, desk, reactor):
    await bury(log, desk, reactor, 5)
    request, seen = events_pb2.ListDeadLettersRequest(page_size=2), []
    while True:
        page = await desk.ListDeadLetters(request)
        seen += [letter.position for letter in page.dead_letters]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 5


async def test_consumers_tell_how_far_they_are(log, desk, reactor, mailroom):
    async def caught_up() -> bool:
        found = (await desk.ListConsumers(events_pb2.ListConsumersRequest())).consumers
        users = next((one for one in found if one.name == "consumers/users"), None)
        return (
            users is not None
            and users.position >= 3
            and users.lag_count == 0
            and users.dead_letter_count == 1
            and "order.placed" in users.types
        )

    await bury(log, desk, reactor)
    await eventually(caught_up)
    await mailroom[1].__aexit__()
    await append(log, *(make_event("order.placed") for _ in range(150)), make_event("other.thing"))

    async def behind() -> bool:
        found = (await desk.ListConsumers(events_pb2.ListConsumersRequest())).consumers
        return [one.lag_count for one in found if one.name == "consumers/users"] == [150]

    await eventually(behind)


async def test_each_audited_method_is_told_of_once(desk, log, reactor, mailroom):
    first, second = await bury(log, desk, reactor, 2)
    retry = events_pb2.RetryDeadLetterRequest(name=first.name)
    discard = events_pb2.DiscardDeadLetterRequest(name=second.name)
    await desk.RetryDeadLetter(retry)
    await desk.DiscardDeadLetter(discard)
    request = events_pb2.ListEventsRequest(categories=[events_pb2.Event.AUDIT])

    async def told() -> bool:
        return len((await log.ListEvents(request)).events) == 2

    await eventually(told)
    events = (await log.ListEvents(request)).events
    assert {event.data["method"] for event in events} == audited_methods(
        "libral.events.v1.EventService", "libral.events.v1.ReactionService"
    )
    assert [event.subject for event in events] == [second.name, first.name]


async def test_a_consumer_moves_on_over_what_is_not_for_it(log, desk, reactor):
    """Else the log could not drop a month without leaving it behind."""
    [position] = await append(log, make_event("order.placed"))
    *_, last = await append(log, *(make_event("other.thing") for _ in range(250)))

    async def moved_on() -> bool:
        found = (await desk.ListConsumers(events_pb2.ListConsumersRequest())).consumers
        return any(one.name == "consumers/users" and one.position >= last for one in found)

    await eventually(moved_on)
    assert reactor.handled == [position]
    [after] = await append(log, make_event("order.placed"))

    async def handled() -> bool:
        return reactor.handled == [position, after]

    await eventually(handled)


@pytest.mark.parametrize(
    ("name", "fields"),
    [("letters/users-1", ["name"]), ("deadLetters/users", ["name"]), ("deadLetters/-1", ["name"])],
)
async def test_a_bad_name_is_refused(desk, name, fields):
    with refused("INVALID_ARGUMENT", fields=fields):
        await desk.GetDeadLetter(events_pb2.GetDeadLetterRequest(name=name))
