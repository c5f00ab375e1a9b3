from datetime import timedelta

import pytest

from services.kernel.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    UnauthenticatedError,
)
from services.telegram.domain.updates import UpdateCounts
from services.telegram.service.inbox import UpdateInbox
from tests.fakes import botapi
from tests.services.telegram.helpers import rows


async def test_an_update_is_stored_once(receive, inbox, database, clock):
    first = clock.time
    await receive(botapi.command_update(1, "/start"))
    clock.time += timedelta(seconds=1)
    await receive(botapi.message_update(1, text="other"))
    (row,) = await rows(database, "SELECT * FROM updates")
    assert (row.id, row.kind, row.chat, row.state, row.tries) == (1, "message", 42, "pending", 0)
    assert row.body["message"]["text"] == "/start"
    assert row.receive_time == row.due_time == first
    assert await inbox.count_updates() == UpdateCounts(1, 0, first)


@pytest.mark.parametrize("urgent", [True, False])
async def test_only_the_lane_of_an_update_is_woken(receive, inbox, urgent):
    await receive(botapi.pre_checkout_update(1) if urgent else botapi.command_update(1, "/start"))
    assert inbox.urgent_arrived.is_set() == urgent
    assert inbox.regular_arrived.is_set() != urgent


@pytest.mark.parametrize(
    ("secret", "content", "error"),
    [
        ("wrong", b'{"update_id": 1}', UnauthenticatedError),
        (botapi.SECRET, b"{}", InvalidArgumentError),
    ],
)
async def test_a_refused_call_stores_nothing(inbox, secret, content, error):
    with pytest.raises(error):
        await inbox.receive_update(secret, content)
    assert await inbox.count_updates() == UpdateCounts(0, 0, None)
    assert not inbox.regular_arrived.is_set()


async def test_without_a_secret_every_call_is_refused(database, clock):
    inbox = UpdateInbox(database, clock, webhook_secret=None)
    with pytest.raises(FailedPreconditionError) as failure:
        await inbox.receive_update("", b'{"update_id": 1}')
    assert failure.value.reason == "BOT_UNCONFIGURED"
    assert await inbox.count_updates() == UpdateCounts(0, 0, None)
